"""The live risk desk of a small options book."""

__version__ = "0.1.0"
