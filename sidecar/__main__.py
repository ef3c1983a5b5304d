"""``python -m sidecar``: the command line."""

from __future__ import annotations

import os
import sys

from sidecar.terminal.parser import main

if __name__ == "__main__":
    os.umask(0o077)  # the book is its owner's alone: DuckDB makes its log with whatever mode the process leaves it
    sys.exit(main(sys.argv[1:]))
