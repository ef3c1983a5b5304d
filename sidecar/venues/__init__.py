"""The outside: where market data comes from and where orders go."""
