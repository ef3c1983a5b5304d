"""Data quality: can what we see be trusted?"""

from __future__ import annotations

import streamlit as st

from pages.parts import charts, exports, live, quality_figures, tables, trust
from pages.parts.picture import Picture
from pages.parts.words import age, clock, number, phrase, plain

PLOT = {"displayModeBar": False}


def draw(picture: Picture) -> None:
    """The verdict, what it means for trading, each underlying, what was put aside, then what was raised before."""
    quality = picture.quality
    if quality is None:
        why = picture.missing.get("quality") or picture.problem or "the desk was never seen"
        st.info(f"How good the data is is unknown: {plain(why)}")
        return
    verdict(picture, quality)
    rows = trust.symbols(quality)
    if not rows:
        st.info("No underlying is listened to yet.")
    else:
        warn, trip = trust.bounds(picture.limits)
        left, right = st.columns(2, gap="medium")
        with left:
            charts.draw(quality_figures.ages(rows, warn, trip), key="ages", config=PLOT, alt="Age of each underlying")
        with right:
            charts.draw(quality_figures.scores(rows), key="scores", config=PLOT, alt="What each score is made of")
        tables.show(rows, trust.SYMBOL, "quality", 12)
        exports.draw("data-quality", table=lambda: tables.frame(rows, trust.SYMBOL))
    aside(quality)
    feed()
    before()


def verdict(picture: Picture, quality: trust.Row) -> None:
    """The stream's health, the worst score, and what the limits make of it."""
    health = str(quality.get("streaming_health") or "unknown")
    icon, colour, says = trust.HEALTH.get(health, (":material/help:", "gray", "The desk does not say how the feed is."))
    st.markdown(f":{colour}-badge[{icon} feed {plain(health)}] {says} Of {clock(quality.get('timestamp'))}.")
    oldest = max((row.get("age_s") or 0.0 for row in (quality.get("symbols") or {}).values()), default=None)
    unheard = any(row.get("age_s") is None for row in (quality.get("symbols") or {}).values())
    cells = (
        ("Quality", trust.overall(quality), "of the worst underlying"),
        ("Oldest price", "–" if unheard else age(oldest), "by market time"),
        ("Stale underlyings", number(quality.get("stale_count"), 0), f"of {number(quality.get('total_symbols'), 0)}"),
        ("Put aside", number(sum((quality.get("refused") or {}).values()), 0), "updates since the start"),
        ("Feed gaps", number(quality.get("feed_gaps"), 0), "since the start"),
    )
    for cell, (label, value, note) in zip(st.columns(5), cells, strict=True):
        cell.metric(label, value, note, delta_color="off", delta_arrow="off", border=True)
    if picture.breaker.get("blind"):
        st.error("**The desk is blind**: it trusts none of its data, and no order that adds risk passes.")
    st.markdown(" ".join(trust.meaning(picture.limits)))


def aside(quality: trust.Row) -> None:
    """What was refused, and why."""
    st.subheader("Quarantined")
    found = trust.refusals(quality)
    if found:
        st.caption("These updates were refused at the door: they moved no mark, no Greek and no limit.")
        charts.draw(quality_figures.refusals(found), key="refusals", config=PLOT, alt="Updates put aside by reason")
    else:
        st.caption("No update was refused since the start.")


def feed() -> None:
    """The feeds over the last hour."""
    st.subheader("Feeds over the last hour")
    rows, why = trust.feeds()
    if rows is None:
        st.caption(f"unknown: {plain(why)}")
    elif not any(row.get("feeds") for row in rows):
        st.caption("No feed was measured yet.")
    else:
        back = ", ".join(f"{plain(name)} came back {number(times, 0)} ×" for name, times in trust.drops(rows).items())
        charts.draw(quality_figures.feed_states(rows), key="feeds", config=PLOT, alt="Feeds, up or down")
        st.caption(f"{back}, by measurements five seconds apart: a shorter break is not seen here.")


def before() -> None:
    """What was raised about data, over or not: the desk keeps no history of scores."""
    st.subheader("Raised before")
    rows, why = trust.raised()
    if rows is None:
        st.caption(f"unknown: {plain(why)}")
    elif rows:
        standing = sum(not row.get("resolved") for row in rows)
        st.caption(f"{standing} of {len(rows)} stand")
        tables.show([{**row, "level": phrase(row.get("level"))} for row in rows], trust.ALERT, "data-alerts", 8)
    else:
        st.caption("Nothing was ever raised about data.")


live.screen(draw, every=2.0)
