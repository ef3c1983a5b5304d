"""The analysts' app: its pages. What each of them carries (the state and STOP) is in ``pages/parts/live.py``."""

import streamlit as st

st.set_page_config(page_title="Deskwatch", page_icon="📈", layout="wide")
st.navigation(
    [
        st.Page("pages/overview.py", title="Overview", icon=":material/monitoring:", default=True),
        st.Page("pages/positions.py", title="Positions", icon=":material/list_alt:"),
        st.Page("pages/emergency.py", title="Emergency", icon=":material/emergency_home:"),
    ],
    position="top",
).run()
