"""Serves ``plain_app.py`` with Streamlit's own server: ``python -m bench.peers.plain_server --port 8501``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    script = Path(__file__).with_name("plain_app.py")
    port = sys.argv[sys.argv.index("--port") + 1]
    flags = ["--server.port", port, "--server.headless", "true"]
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(script), *flags])
