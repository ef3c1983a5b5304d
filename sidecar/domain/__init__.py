"""The words that every room shares: contracts, orders, events, the report, errors. Values only."""
