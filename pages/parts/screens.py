"""Every screen of the app: its file, its title, the question that it answers. A page is a row here and a file."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st


class Screen(NamedTuple):
    """One page. ``question`` is what it answers, read top to bottom."""

    file: str
    title: str
    icon: str
    question: str

    @property
    def name(self) -> str:
        """The file without its folder and ending; the page's address below the app's."""
        return self.file.removeprefix("pages/").removesuffix(".py")


#: By the heading that they stand under in the navigation.
SCREENS: dict[str, tuple[Screen, ...]] = {
    "Desk": (
        Screen("pages/overview.py", "Overview", ":material/monitoring:", "How are we doing, and what needs me now?"),
        Screen("pages/positions.py", "Positions", ":material/list_alt:", "What do we hold, and how do we get out?"),
        Screen("pages/alerts.py", "Alerts", ":material/notifications:", "What was raised, and who has it?"),
        Screen("pages/emergency.py", "Emergency", ":material/emergency_home:", "Are we stopped, why, and what now?"),
    ),
    "Risk": (
        Screen("pages/exposure.py", "Greeks & exposure", ":material/function:", "What are we exposed to?"),
        Screen("pages/scenarios.py", "Scenarios", ":material/grid_on:", "What would it cost if the market moved?"),
        Screen("pages/limits.py", "Risk limits", ":material/speed:", "How near is each limit?"),
        Screen("pages/explain.py", "P&L explain", ":material/waterfall_chart:", "Why is the P&L what it is?"),
    ),
    "Market": (
        Screen("pages/market.py", "Market", ":material/candlestick_chart:", "What is quoted, and who holds what?"),
        Screen("pages/volatility.py", "Volatility", ":material/ssid_chart:", "What is volatility priced at?"),
        Screen("pages/signals.py", "Signals", ":material/sensors:", "What was said, and was it right?"),
        Screen("pages/data_quality.py", "Data quality", ":material/verified:", "Can what we see be trusted?"),
    ),
    "Models": (
        Screen("pages/model_accuracy.py", "Model accuracy", ":material/query_stats:", "Can the models be believed?"),
        Screen("pages/training.py", "Training", ":material/model_training:", "What was learnt, and what is used?"),
        Screen("pages/backtest.py", "Backtest", ":material/history:", "What would a strategy have done?"),
    ),
    "Record": (
        Screen("pages/performance.py", "Performance", ":material/show_chart:", "How did each fund do over time?"),
        Screen("pages/system.py", "System", ":material/memory:", "Is the machine well?"),
        Screen("pages/audit.py", "Audit", ":material/receipt_long:", "Who did what, and is the record whole?"),
    ),
}
ALL_SCREENS = tuple(screen for screens in SCREENS.values() for screen in screens)


def heading(address: str) -> None:
    """The name of the page at an address, and the question that it answers."""
    found = next((screen for screen in ALL_SCREENS if screen.name == address), ALL_SCREENS[0])
    with st.container(key="page-heading", horizontal=True, vertical_alignment="bottom"):
        st.title(found.title, anchor=False, width="content")
        st.caption(found.question, width="content")
