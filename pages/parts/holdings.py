"""The book as a tree: groups of positions with their subtotals, and the legs of those that are open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import streamlit as st

from pages.parts import tables
from pages.parts.words import UNKNOWN, arrow, known, money, number, plain

Row = dict[str, Any]
#: What can be summed over legs that need not be alike.
SUMMED = ("unrealized_pnl", "realized_pnl", "fees", "delta", "gamma", "vega", "theta", "margin")
TREE, LEG = "strategy", "leg"
#: By: what names a group of it. Funds are headings above their strategies.
LEVELS: dict[str, Callable[[Row], tuple[str, str]]] = {
    TREE: lambda row: (str(row.get("fund_id")), str(row.get("strategy"))),
    "fund": lambda row: ("", str(row.get("fund_id"))),
    "underlying": lambda row: ("", str(row.get("underlying"))),
    "expiry": lambda row: ("", str(row.get("expiry") or "no expiry")),
    LEG: lambda row: ("", str(row.get("id"))),
}
#: So many legs stand open at once without being asked for; so many groups have a section each.
OPEN_LEGS, MOST_SECTIONS = 40, 24
#: From so many rows on the browser is sent what it shows, not all.
LAZY = 200
GROUP: tables.Columns = {
    "fund_id": ("Fund", "text", ""),
    "name": ("Group", "text", ""),
    "legs": ("Legs", "%,d", "open positions"),
    **{name: tables.POSITION[name] for name in ("unrealized_pnl", "realized_pnl", "fees")},
    **{name: tables.POSITION[name] for name in ("delta", "gamma", "vega", "theta", "margin")},
}


class Group(NamedTuple):
    """Positions that belong together, and their sums; a sum with an unknown part is unknown."""

    above: str
    name: str
    legs: list[Row]

    def total(self, field: str) -> float | None:
        values = [known(row.get(field)) for row in self.legs]
        return None if None in values else sum(value for value in values if value is not None)

    @property
    def row(self) -> Row:
        """The group as a row of a table."""
        sums = {name: self.total(name) for name in SUMMED}
        return {"fund_id": self.above, "name": self.name, "legs": len(self.legs), **sums}


def grouped(rows: Sequence[Row], by: str) -> list[Group]:
    """The groups of a level, by their names."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault(LEVELS[by](row), []).append(row)
    return [Group(*key, legs) for key, legs in sorted(found.items())]


def wanted(rows: Sequence[Row], strategy: str, underlying: str, text: str) -> list[Row]:
    """Those that pass the filters; an empty one lets all pass. ``text`` is looked for in contract, strategy, id."""
    sought = text.strip().casefold()
    return [
        row
        for row in rows
        if strategy in ("", row.get("strategy"))
        and underlying in ("", row.get("underlying"))
        and sought in f"{row.get('symbol')} {row.get('strategy')} {row.get('id')}".casefold()
    ]


def line(group: Group, currency: str) -> str:
    """A group's subtotals in one line of Markdown."""
    pnl, margin = group.total("unrealized_pnl"), group.total("margin")
    legs = f"{len(group.legs)} leg{'' if len(group.legs) == 1 else 's'}"
    greeks = " · ".join(
        f"{word} {number(group.total(name), places, signed=True)}"
        for name, word, places in (("delta", "delta", 1), ("vega", "vega", 0), ("theta", "theta", 0))
    )
    made = f"{arrow(pnl)}{money(pnl, currency, signed=True)}" if pnl is not None else UNKNOWN
    held = "" if not margin else f" · margin {money(margin, currency)}"
    return f"**{plain(group.name, 60)}** · {legs} · open P&L **{made}** · {greeks}{held}"


def draw(rows: Sequence[Row], by: str, currency: str) -> None:
    """The tree: a section a group, its legs only where it is open; a plain table where groups are too many."""
    if by == LEG:
        legs(rows, "positions")
        return
    groups = grouped(rows, by)
    if len(groups) > MOST_SECTIONS:
        _many(groups)
        return
    heads = {group.above for group in groups}
    last = None
    for group in groups:
        if group.above != last and len(heads) > 1:
            fund = Group("", group.above, [row for one in groups if one.above == group.above for row in one.legs])
            st.markdown(f"Fund {line(fund, currency)}")
        last = group.above
        key = f"section-{by}-{group.above}-{group.name}"
        st.markdown(line(group, currency))
        # A label that changed, as money does, would be another section: whoever closed it would see it open again.
        label = f"Legs of {plain(group.name, 60)}"
        section = st.expander(
            label, expanded=len(rows) <= OPEN_LEGS, key=key, on_change="rerun", icon=":material/folder:"
        )
        if section.open:
            with section:
                legs(group.legs, f"legs-{key}")


def legs(rows: Sequence[Row], key: str) -> None:
    """A table of legs; a long one reaches the browser as far as it is scrolled."""
    tables.show(rows, tables.POSITION, key, 22, lazy=len(rows) > LAZY)


def _many(groups: Sequence[Group]) -> None:
    tables.show([group.row for group in groups], GROUP, "groups", 22, lazy=len(groups) > LAZY)
    names = {f"{group.above}/{group.name}": group for group in groups}
    chosen = st.selectbox("Legs of", list(names), index=None, key="legs-of", placeholder="choose a group")
    if chosen is not None:
        legs(names[chosen].legs, "legs-of-one")
