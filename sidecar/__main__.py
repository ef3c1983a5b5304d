"""``python -m sidecar``: the command line."""

from __future__ import annotations

import sys

from sidecar.terminal.parser import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
