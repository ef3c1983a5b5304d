-- Backtests of which nothing more comes; what follows from the journal, seq is the number of the record that says so.
-- timestamp is when one ended; started_at is NULL where it was cancelled before it began. Symbols are JSON.

CREATE TABLE backtests (
    id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL,
    actor VARCHAR NOT NULL,
    strategy VARCHAR NOT NULL,
    symbols VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    started_at TIMESTAMPTZ,
    seconds DOUBLE,
    engine VARCHAR NOT NULL,
    simulated BOOLEAN,
    total_return DOUBLE,
    sharpe_ratio DOUBLE,
    max_drawdown DOUBLE,
    total_trades BIGINT,
    hash VARCHAR NOT NULL,
    reason VARCHAR NOT NULL
);
