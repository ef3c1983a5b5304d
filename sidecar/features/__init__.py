"""What is known of a market bar by bar, and what came of it: indicators, features, labels. Training runs the same."""
