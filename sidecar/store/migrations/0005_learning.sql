-- Bars: what was known of one underlying and its chain when one minute of trading had ended. The first that is known of
-- a minute stands. They are samples: no journal keeps them. timestamp is when the bar begins.

CREATE TABLE bars (
    symbol VARCHAR NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL,
    closes_at TIMESTAMPTZ NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL,
    simulated BOOLEAN NOT NULL,
    open DOUBLE,
    high DOUBLE,
    low DOUBLE,
    close DOUBLE,
    volume DOUBLE,
    minute DOUBLE,
    minutes DOUBLE,
    session DOUBLE,
    dte DOUBLE,
    is_expiry DOUBLE,
    expiry DOUBLE,
    t1 DOUBLE,
    t2 DOUBLE,
    atm_iv DOUBLE,
    atm_iv2 DOUBLE,
    rr25 DOUBLE,
    bf25 DOUBLE,
    oi_put DOUBLE,
    oi_call DOUBLE,
    volume_put DOUBLE,
    volume_call DOUBLE,
    gamma_oi DOUBLE,
    max_pain DOUBLE,
    vix DOUBLE,
    future DOUBLE,
    future_t DOUBLE,
    cost DOUBLE,
    PRIMARY KEY (symbol, timestamp)
);

-- What follows from the journal; seq is the number of the record that says so. A prediction has one row, which never
-- changes; what became of it has a row for each version. Lists are JSON.

CREATE TABLE predictions (
    id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL,
    model_id VARCHAR NOT NULL,
    family VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    bar_at TIMESTAMPTZ NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    horizon BIGINT,
    feature_hash VARCHAR NOT NULL,
    vector_hash VARCHAR NOT NULL,
    features VARCHAR NOT NULL,
    p_sell DOUBLE,
    p_hold DOUBLE,
    p_buy DOUBLE,
    signal VARCHAR NOT NULL,
    confidence DOUBLE,
    price DOUBLE,
    abstained VARCHAR NOT NULL,
    expected_value DOUBLE,
    explained VARCHAR NOT NULL,
    simulated BOOLEAN NOT NULL,
    replayed BOOLEAN NOT NULL
);

CREATE TABLE prediction_outcomes (
    prediction_id VARCHAR NOT NULL,
    version BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL,
    label VARCHAR,
    move DOUBLE,
    entry_price DOUBLE,
    exit_price DOUBLE,
    correct BOOLEAN,
    note VARCHAR NOT NULL,
    PRIMARY KEY (prediction_id, version)
);

-- Models in their newest role, and the runs that made them, or made none.

CREATE TABLE models (
    id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL,
    family VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    horizon BIGINT,
    role VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    trained_from TIMESTAMPTZ NOT NULL,
    trained_to TIMESTAMPTZ NOT NULL,
    rows BIGINT,
    simulated BOOLEAN NOT NULL,
    feature_hash VARCHAR NOT NULL,
    model_hash VARCHAR NOT NULL,
    manifest_hash VARCHAR NOT NULL,
    accuracy DOUBLE,
    accuracy_low DOUBLE,
    accuracy_high DOUBLE,
    majority_accuracy DOUBLE,
    auc DOUBLE,
    brier_skill DOUBLE,
    log_loss DOUBLE,
    before VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    actor VARCHAR NOT NULL
);

CREATE TABLE training_runs (
    id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL,
    kind VARCHAR NOT NULL,
    session VARCHAR NOT NULL,
    family VARCHAR NOT NULL,
    actor VARCHAR NOT NULL,
    result VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    seconds DOUBLE,
    reason VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    trials BIGINT,
    late BOOLEAN NOT NULL
);
