"""Backtests: the code that trades, on a past; two speeds, one set of rules. No store, no server, no clock."""
