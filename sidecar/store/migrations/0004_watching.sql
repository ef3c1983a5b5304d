-- Alerts and signals in their newest state follow from the journal; seq is the number of the record that says so.

CREATE TABLE alerts (
    id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    fingerprint VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    severity BIGINT,
    title VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    count BIGINT,
    details VARCHAR NOT NULL,
    resolved BOOLEAN NOT NULL,
    resolved_at TIMESTAMPTZ,
    resolved_by VARCHAR NOT NULL,
    acknowledged_by VARCHAR NOT NULL,
    acknowledged_at TIMESTAMPTZ,
    escalations BIGINT,
    inhibited_by VARCHAR NOT NULL,
    shown BOOLEAN NOT NULL,
    revision BIGINT
);

CREATE TABLE signals (
    id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL,
    fund_id VARCHAR NOT NULL,
    strategy VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    actor VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    signal_type VARCHAR NOT NULL,
    confidence DOUBLE,
    horizon_s DOUBLE,
    quantity BIGINT,
    reason VARCHAR NOT NULL,
    price DOUBLE,
    due_at TIMESTAMPTZ,
    status VARCHAR NOT NULL,
    scored_at TIMESTAMPTZ,
    outcome_price DOUBLE,
    outcome_return DOUBLE,
    correct BOOLEAN,
    note VARCHAR NOT NULL
);

-- Samples: how the funds did, by the desk's time, and how process and machine were, by the wall's. Lists and mappings
-- are JSON.

CREATE TABLE performance (
    timestamp TIMESTAMPTZ NOT NULL,
    fund_id VARCHAR NOT NULL,
    portfolio_value DOUBLE,
    total_return DOUBLE,
    daily_return DOUBLE,
    active_positions BIGINT NOT NULL,
    sharpe_ratio DOUBLE,
    sortino_ratio DOUBLE,
    volatility DOUBLE,
    drawdown DOUBLE,
    max_drawdown DOUBLE,
    win_rate DOUBLE,
    profit_factor DOUBLE,
    trades BIGINT NOT NULL,
    interval VARCHAR NOT NULL,
    periods_per_year DOUBLE,
    observations BIGINT NOT NULL
);

CREATE TABLE system_status (
    timestamp TIMESTAMPTZ NOT NULL,
    api_status VARCHAR NOT NULL,
    problems VARCHAR NOT NULL,
    ml_models BIGINT NOT NULL,
    active_traders BIGINT NOT NULL,
    strategies BIGINT NOT NULL,
    portfolios BIGINT NOT NULL,
    total_trades BIGINT NOT NULL,
    system_load DOUBLE,
    memory_usage DOUBLE,
    cpu_usage DOUBLE,
    process_memory_bytes BIGINT NOT NULL,
    process_cpu DOUBLE,
    threads BIGINT NOT NULL,
    loop_lag_s DOUBLE,
    report_age_s DOUBLE,
    uptime_s DOUBLE,
    active_connections BIGINT NOT NULL,
    queues VARCHAR NOT NULL,
    feeds VARCHAR NOT NULL
);
