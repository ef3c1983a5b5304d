"""Journals of any records, in any order."""

from datetime import date

from hypothesis import strategies as st

from sidecar.domain import clock
from sidecar.domain.alerts import Alert, AlertLevel, AlertType
from sidecar.domain.backtests import BacktestState
from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus
from sidecar.domain.models import (
    ModelRole,
    RunResult,
)
from sidecar.domain.orders import Fill, Order, OrderRequest, OrderState, OrderType, Side
from sidecar.domain.records import (
    AlertRecorded,
    AnyRecord,
    Audited,
    BacktestRecorded,
    BreakerRecorded,
    Entry,
    EquityMarked,
    FillRecorded,
    LimitsRecorded,
    ModelRecorded,
    NoticeRecorded,
    OrderRecorded,
    OutcomeRecorded,
    PredictionRecorded,
    SignalRecorded,
    Started,
    TrainingRecorded,
)
from sidecar.domain.signals import Signal, SignalRequest, SignalStatus, SignalType
from tests.store.build import NOW, OPTION
from tests.store.learnt import backtest, became, model, prediction, run

_AT = st.integers(NOW, NOW + clock.DAY)
_MONEY = st.decimals("-99999", "99999", places=6)
_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
_ID = st.sampled_from([f"id{n}" for n in range(5)])
_REQUESTS = st.builds(
    OrderRequest, st.just(OPTION.id), st.sampled_from(Side), st.integers(1, 10**20), st.none() | _MONEY,
    st.sampled_from(OrderType), reason=_TEXT,
)  # fmt: skip
_ORDERS = st.builds(
    Order, _ID, _REQUESTS, st.sampled_from(OrderState), _TEXT, _AT, _AT, st.integers(0, 650), st.none() | _MONEY
)  # fmt: skip
_FILLS = st.builds(Fill, _ID, _ID, st.just(OPTION.id), _ID, _ID, st.integers(-650, 650), _MONEY, _MONEY, _AT, _TEXT)
_EVENTS = st.builds(BreakerEvent, _TEXT, st.sampled_from(BreakerStatus), _TEXT, _TEXT, _AT, st.integers(0, 9))
_STATES = st.builds(BreakerState, st.sampled_from(BreakerStatus), since=_AT, halt_seq=st.integers(0, 9))
_ALERTS = st.builds(
    Alert, _ID, _TEXT, _TEXT, _TEXT, st.sampled_from(AlertType), st.sampled_from(AlertLevel), st.integers(1, 5), _TEXT,
    _TEXT, _AT, _AT, st.integers(1, 10**20), st.dictionaries(_TEXT, _TEXT), st.booleans(), st.just(0) | _AT,
)  # fmt: skip
_SIGNALS = st.builds(
    Signal, _ID, st.builds(SignalRequest, _TEXT, st.sampled_from(SignalType), st.floats(0, 1), st.floats(0, 9)), _TEXT,
    _AT, st.none() | st.floats(-9, 9), _AT, st.sampled_from(SignalStatus), correct=st.none() | st.booleans(),
)  # fmt: skip
_PREDICTIONS = st.builds(prediction, _ID, _AT, horizon=st.integers(1, 9), replayed=st.booleans(), abstained=_TEXT)
_BECAME = st.builds(became, _ID, st.integers(1, 3), _AT, label=st.none() | st.sampled_from(SignalType), note=_TEXT)
_MODELS = st.builds(model, _ID, st.sampled_from(ModelRole), auc=st.none() | st.floats(0, 1), reason=_TEXT)
_RUNS = st.builds(run, _ID, _AT, st.sampled_from(RunResult), reason=_TEXT, late=st.booleans())
_BACKTESTS = st.builds(
    backtest, _ID, _AT, state=st.sampled_from([state for state in BacktestState if state.over]), reason=_TEXT,
    sharpe_ratio=st.none() | st.floats(-9, 9), simulated=st.none() | st.booleans(), started_at=st.just(0) | _AT,
)  # fmt: skip
_RECORDS: st.SearchStrategy[AnyRecord] = st.one_of(
    st.builds(Started, _AT, _TEXT, _TEXT, st.booleans()),
    st.builds(OrderRecorded, _AT, _ORDERS, st.just(OPTION)),
    st.builds(FillRecorded, _AT, _FILLS),
    st.builds(BreakerRecorded, _AT, _EVENTS, _STATES),
    st.builds(LimitsRecorded, _AT, st.dictionaries(_TEXT, st.floats(0, 9)), _TEXT, _TEXT),
    st.builds(EquityMarked, _AT, st.just(date(2026, 8, 18)), *[st.dictionaries(_ID, _MONEY)] * 3),
    st.builds(Audited, _AT, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT),
    st.builds(AlertRecorded, _AT, _ALERTS),
    st.builds(SignalRecorded, _AT, _SIGNALS),
    st.builds(NoticeRecorded, _AT, _ID, st.integers(1, 9), _TEXT, st.booleans(), _TEXT),
    st.builds(PredictionRecorded, _AT, _PREDICTIONS),
    st.builds(OutcomeRecorded, _AT, _BECAME),
    st.builds(ModelRecorded, _AT, _MODELS),
    st.builds(TrainingRecorded, _AT, _RUNS),
    st.builds(BacktestRecorded, _AT, _BACKTESTS),
)
#: Journals of any records, in any order.
JOURNALS = st.lists(st.builds(Entry, _AT, _RECORDS), max_size=25)
