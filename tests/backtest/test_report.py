"""One file that needs nothing else, in which nobody's text becomes anything but text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from sidecar.backtest.report import page, shown_returns
from sidecar.domain.backtest_result import BacktestResult, Lookahead
from tests.backtest.results import result, traded
from tests.backtest.runs import CAPITAL, FIRST, ZONE, grown, run_of

HOSTILE = '<script>alert("1")</script>'
VOID = {"meta", "br", "img", "input", "link", "hr"}


class Read(HTMLParser):
    """What a browser would see: the text outside of scripts and styles, the tags, and the attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.heads: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)
        if self.open and self.open[-1] in ("h2", "h3"):
            self.heads.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def written() -> str:
    return page(result())


@pytest.fixture(scope="module")
def read(written: str) -> Read:
    return Read(written)


def test_the_page_is_whole_html_and_says_everything_in_order(read: Read) -> None:
    assert read.open == []
    assert read.heads == [
        "What was asked", "What came of it", "Equity", "Is it luck?", "Does it look ahead?", "Sessions", "Months (%)",
        "Parts of the time", "Years", "Regimes", "Test windows", "Costs", "Trades", "Orders that came to nothing",
        "Data", "What is assumed", "To do it again",
    ]  # fmt: skip
    told = ("SIMULATED DATA", "sma_cross", "Sharpe ratio", "slippage", "<b>margin</b>", "gap", "no basis is known")
    assert [word for word in told if word not in read.text] == []


def test_nothing_is_fetched_and_the_browser_is_told_to_fetch_nothing(read: Read, written: str) -> None:
    assert not [value for name, value in read.attributes if name in ("src", "href", "srcset", "action", "data")]
    assert "link" not in read.tags
    policy = next(value for name, value in read.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "@import" not in written.split("</style>", 1)[0]


def test_plotly_is_inside_once(written: str) -> None:
    assert written.count("* plotly.js v") == 1
    assert written.count("Plotly.newPlot(") - written.split("</head>", 1)[0].count("Plotly.newPlot(") == 3


def test_the_same_result_gives_the_same_bytes(written: str) -> None:
    assert page(result()) == written


def test_the_hash_the_version_and_the_intervals_are_there(read: Read) -> None:
    found = result()
    assert found.hash in read.text
    assert "Deskwatch 0." in read.text
    sharpe = found.uncertainty["sharpe_ratio"]
    assert f"{sharpe.high:.2f}" in read.text


def test_pictures_are_told_in_words(read: Read) -> None:
    told = [value for name, value in read.attributes if name == "aria-label"]
    assert len(told) == read.tags.count("figure") == 3
    assert all(len(text) > 20 for text in told)


def test_nobodys_text_becomes_anything_but_text() -> None:
    run = traded()
    named = result(run, symbols=(HOSTILE,), strategy=HOSTILE, reasons=(HOSTILE,))
    trades = tuple(
        msgspec.structs.replace(trade, symbol=HOSTILE, model_id=HOSTILE, exit=HOSTILE) for trade in named.trades
    )
    hostile = msgspec.structs.replace(
        named, trades=trades, source=HOSTILE, ended_early=HOSTILE, hash=HOSTILE,
        lookahead=Lookahead(20, 3, HOSTILE, HOSTILE),
    )  # fmt: skip
    whole = page(hostile)
    assert HOSTILE not in whole
    seen = Read(whole)
    assert seen.tags.count("script") == 1 + 3
    assert seen.text.count(HOSTILE) > 30


def test_a_run_that_never_traded_makes_a_page_that_says_so() -> None:
    seen = Read(page(result(grown([0.0] * 30), simulated=False)))
    assert "It never traded in 30 sessions" in seen.text
    assert "SIMULATED" not in seen.text
    assert "Nothing was traded, so nothing was paid." in seen.text
    assert "nan" not in seen.text.lower().replace("finan", "")
    assert "–" in seen.text


def test_a_run_without_a_mark_makes_a_page() -> None:
    seen = Read(page(result(run_of())))
    assert "there was not one mark" in seen.text
    assert "No session has a return." in seen.text


def test_returns_by_session_are_read_back_from_the_curve() -> None:
    found: BacktestResult = result(grown([0.01, -0.02, 0.03]))
    days, returns = shown_returns(found, ZONE)
    assert list(days - FIRST.toordinal()) == [0, 1, 2]
    assert list(returns) == pytest.approx([0.01, -0.02, 0.03])
    assert float(found.config.initial_capital) == CAPITAL
