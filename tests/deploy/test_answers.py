"""The health check tells success from everything else."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.wiring import free_port


class Health(BaseHTTPRequestHandler):
    """Answers with the status that its path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.end_headers()
        self.wfile.write(b'{"status":"told"}')

    def log_message(self, *_: object) -> None:
        """Nothing."""


def check(repository: Path, url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(repository / "deploy" / "answers.py"), url]
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY"), "http://127.0.0.1:9")
    return subprocess.run(command, capture_output=True, text=True, check=False, env=proxies, timeout=20)


@pytest.mark.parametrize(("status", "code"), [(200, 0), (204, 0), (302, 1), (404, 1), (503, 1)])
def test_only_success_is_health_and_what_came_is_shown(repository: Path, status: int, code: int) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = check(repository, f"http://127.0.0.1:{server.server_port}/{status}")
        server.shutdown()
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith(str(status))


def test_nobody_there_is_one_line(repository: Path) -> None:
    done = check(repository, f"http://127.0.0.1:{free_port()}/health/ready")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (1, "", 1)
    assert "refused" in done.stdout
