"""The screens of the analysts' app."""
