"""nchan, the C server: an nginx with one worker, and this process, which posts to it. nginx alone is measured."""

from __future__ import annotations

import http.client
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench.peers.said import asked, begun, message

#: Where distributions put the module.
MODULES = (
    "/usr/lib/nginx/modules/ngx_nchan_module.so",
    "/usr/lib64/nginx/modules/ngx_nchan_module.so",
    "/usr/share/nginx/modules/ngx_nchan_module.so",
)
_CONFIGURATION = """
load_module {module};
{user}
worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log crit;
events {{ worker_connections 16000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000;
  client_body_buffer_size 64k;
  server {{
    listen 127.0.0.1:{port} backlog=8192;
    location = /say {{ nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 1; }}
    location = / {{ nchan_subscriber websocket; nchan_channel_id bench; nchan_subscriber_first_message newest; }}
  }}
}}
"""


def module() -> str:
    """The module's file; empty where nginx or the module is not installed."""
    found = next((path for path in MODULES if Path(path).exists()), "")
    return found if shutil.which("nginx") else ""


def main() -> None:
    (port, rate, size, _), readers = asked(), begun()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        user = "user root;" if folder.owner() == "root" else ""
        text = _CONFIGURATION.format(module=module(), folder=folder, port=port, user=user)
        (folder / "nginx.conf").write_text(text)
        server = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
        try:
            readers.wait()
            say(port, rate, size)
        finally:
            server.terminate()
            server.wait()


def say(port: int, rate: float, size: int) -> None:
    """Post, so many times a second."""
    link = http.client.HTTPConnection("127.0.0.1", port)
    began, seq = time.monotonic(), 0
    while True:
        seq += 1
        time.sleep(max(0.0, began + seq / rate - time.monotonic()))
        link.request("POST", "/say", message(seq, size))
        link.getresponse().read()


if __name__ == "__main__":
    main()
