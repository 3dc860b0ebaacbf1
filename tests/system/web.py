"""An HTTPS server of the internet with a certificate of a test CA: it has pages, and takes what is posted. It is a thread of
the test, in the network that the booted machine shares with it."""
from __future__ import annotations

import http.server
import pathlib
import ssl
import subprocess
import threading

NAME, ADDRESS = "web.test", "127.7.7.7"


class Web:
    def __init__(self, folder: pathlib.Path, pages: dict):
        """`pages`: path to text. What was asked for and what was posted, with its path, is in `asked` and `posts`."""
        folder.mkdir()
        self.asked: list = []
        self.posts: list = []
        self.ca = folder / "ca.pem"
        _make_certificates(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "web.pem", folder / "web.key")
        server = http.server.ThreadingHTTPServer((ADDRESS, 443), _handler(self, pages))
        # Who says nothing must not keep others waiting, so the handshake is the handler's.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()


def _handler(web: Web, pages: dict):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            web.asked.append(self.path)
            self._answer(200 if self.path in pages else 404, pages.get(self.path, "").encode())

        def do_POST(self):
            web.posts.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self._answer(200, b"")

        def _answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def _make_certificates(folder: pathlib.Path) -> None:
    def openssl(*words):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                        *map(str, words)], check=True, capture_output=True)
    openssl("-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj", "/CN=Test CA")
    openssl("-keyout", folder / "web.key", "-out", folder / "web.pem", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
            "-addext", "basicConstraints=critical,CA:FALSE", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key")
