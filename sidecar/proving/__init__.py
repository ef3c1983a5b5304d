"""Backtests from what is asked to what came of it: which past is read, how it is run, and the jobs of a desk."""
