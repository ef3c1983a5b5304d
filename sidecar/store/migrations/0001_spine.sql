-- Money is DECIMAL(18,4), an instant TIMESTAMPTZ, a word of an enumeration VARCHAR, an unknown number NULL.

CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
INSERT INTO meta VALUES ('schema', '0'), ('journal_seq', '0'), ('journal_digest', '');

-- What follows from the journal; seq is the number of the journal record that says so.

CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    timestamp TIMESTAMPTZ NOT NULL,
    wall_at TIMESTAMPTZ NOT NULL,
    kind VARCHAR NOT NULL,
    actor VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    request_id VARCHAR NOT NULL,
    payload VARCHAR NOT NULL
);

CREATE TABLE instruments (
    id VARCHAR PRIMARY KEY,
    underlying VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    expiry DATE,
    strike DOUBLE,
    option_type VARCHAR,
    expires_at TIMESTAMPTZ,
    lot_size BIGINT,
    tick_size DECIMAL(18, 4),
    freeze_quantity BIGINT
);

CREATE TABLE orders (
    id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    state VARCHAR NOT NULL,
    actor VARCHAR NOT NULL,
    fund_id VARCHAR NOT NULL,
    strategy VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    side VARCHAR NOT NULL,
    quantity BIGINT,
    order_type VARCHAR NOT NULL,
    time_in_force VARCHAR NOT NULL,
    price DECIMAL(18, 4),
    filled BIGINT,
    average_price DECIMAL(18, 4),
    reduces_only BOOLEAN NOT NULL,
    client_order_id VARCHAR NOT NULL,
    venue_order_id VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    note VARCHAR NOT NULL
);

CREATE TABLE fills (
    id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL,
    order_id VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    fund_id VARCHAR NOT NULL,
    strategy VARCHAR NOT NULL,
    quantity BIGINT,
    price DECIMAL(18, 4),
    fees DECIMAL(18, 4),
    note VARCHAR NOT NULL
);

CREATE TABLE breaker_events (
    seq BIGINT PRIMARY KEY,
    timestamp TIMESTAMPTZ NOT NULL,
    event VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    actor VARCHAR NOT NULL,
    halt_seq BIGINT NOT NULL,
    limit_name VARCHAR NOT NULL,
    limit_value DOUBLE,
    value DOUBLE
);

-- What is sampled from the reports; timestamp is the report's but for quotes, where it is the quote's own.

CREATE TABLE reports (
    timestamp TIMESTAMPTZ NOT NULL,
    seq BIGINT NOT NULL,
    day DATE,
    session_open BOOLEAN NOT NULL,
    simulated BOOLEAN NOT NULL,
    source VARCHAR NOT NULL,
    feed_up BOOLEAN NOT NULL,
    breaker VARCHAR NOT NULL,
    halt_seq BIGINT NOT NULL,
    blind BOOLEAN NOT NULL,
    positions BIGINT NOT NULL,
    working_orders BIGINT NOT NULL,
    quotes BIGINT NOT NULL,
    quotes_refused BIGINT NOT NULL
);

CREATE TABLE pnl (
    timestamp TIMESTAMPTZ NOT NULL,
    report_seq BIGINT NOT NULL,
    fund_id VARCHAR NOT NULL,
    capital DECIMAL(18, 4),
    portfolio_value DOUBLE,
    daily_pnl DOUBLE,
    daily_pnl_percent DOUBLE,
    realized_pnl DECIMAL(18, 4),
    unrealized_pnl DOUBLE,
    fees DECIMAL(18, 4),
    peak_value DOUBLE,
    drawdown DOUBLE,
    max_drawdown DOUBLE,
    used_margin DOUBLE,
    available_margin DOUBLE,
    capital_utilization DOUBLE,
    total_positions BIGINT NOT NULL,
    trades BIGINT NOT NULL,
    winning_trades BIGINT NOT NULL,
    quality VARCHAR NOT NULL
);

CREATE TABLE greeks (
    timestamp TIMESTAMPTZ NOT NULL,
    report_seq BIGINT NOT NULL,
    fund_id VARCHAR NOT NULL,
    underlying VARCHAR NOT NULL,
    delta DOUBLE,
    gamma DOUBLE,
    vega DOUBLE,
    theta DOUBLE,
    rho DOUBLE,
    delta_cash DOUBLE,
    quality VARCHAR NOT NULL
);

CREATE TABLE positions (
    timestamp TIMESTAMPTZ NOT NULL,
    report_seq BIGINT NOT NULL,
    id VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    underlying VARCHAR NOT NULL,
    expiry DATE,
    strike DOUBLE,
    option_type VARCHAR,
    quantity BIGINT,
    lots DOUBLE,
    entry_price DOUBLE,
    current_price DOUBLE,
    unrealized_pnl DOUBLE,
    pnl_percent DOUBLE,
    realized_pnl DECIMAL(18, 4),
    fees DECIMAL(18, 4),
    strategy VARCHAR NOT NULL,
    fund_id VARCHAR NOT NULL,
    entry_time TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ,
    quality VARCHAR NOT NULL,
    delta DOUBLE,
    gamma DOUBLE,
    theta DOUBLE,
    vega DOUBLE,
    rho DOUBLE,
    iv DOUBLE,
    margin DOUBLE
);

CREATE TABLE quotes (
    timestamp TIMESTAMPTZ NOT NULL,
    symbol VARCHAR NOT NULL,
    bid DOUBLE,
    ask DOUBLE,
    bid_size DOUBLE,
    ask_size DOUBLE,
    last DOUBLE,
    mark DOUBLE,
    volume DOUBLE,
    open_interest DOUBLE,
    iv DOUBLE,
    delta DOUBLE,
    gamma DOUBLE,
    vega DOUBLE,
    theta DOUBLE,
    rho DOUBLE
);
