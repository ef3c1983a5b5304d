"""The book: positions, exact money, what trading costs, what is free to trade with, and settlement at expiry. Pure."""
