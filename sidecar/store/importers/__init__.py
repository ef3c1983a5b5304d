"""Real market files to one normalised table of quotes: a file a format, each with a pure ``parse``."""
