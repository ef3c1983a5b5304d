"""Exit status 0 if an address of this machine answers with success, for health checks: ``python -I answers.py URL``.

The standard library alone, and no proxy: a check that runs every few seconds must be cheap and ask nobody else.
"""

import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

_WAIT_S = 4.0


def main(url: str) -> int:
    """Ask once; what came is printed, and is what ``docker inspect`` shows."""
    asked = urlsplit(url)
    connection = HTTPConnection(asked.hostname or "127.0.0.1", asked.port, timeout=_WAIT_S)
    try:
        connection.request("GET", asked.path)
        answer = connection.getresponse()
        print(answer.status, answer.read(2_000).decode("utf-8", "replace"))
    except (OSError, HTTPException) as error:
        print(f"{url}: {error}")
        return 1
    return 0 if 200 <= answer.status < 300 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
