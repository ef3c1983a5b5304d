"""What the desk says of itself to operators: metrics that are read when they are scraped, and log lines."""
