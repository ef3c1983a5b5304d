"""A look at everything that a desk needs, whether one runs or not; nothing is changed by it."""
