"""Mail servers that mean no good, for clients that should not fall for them: one that repeats what it was told in
confidence, and somebody between a client and a real server who takes the TLS out of the talk."""
import base64
import contextlib
import socket
import ssl
import threading


class _Server(threading.Thread):
    """Serves one client after the other as long as the test lives."""

    def __init__(self, address: str, port: int):
        super().__init__(daemon=True)
        self.listener = socket.create_server((address, port))
        self.start()

    def run(self):
        while True:
            with contextlib.suppress(OSError), self.listener.accept()[0] as sock:  # OSError: the client hung up
                sock.settimeout(30)
                self.talk(sock)

    def talk(self, sock: socket.socket) -> None:
        raise NotImplementedError


class Stripper(_Server):
    """Passes everything on, but says log-in where the server says STARTTLS. `heard` is what the client says."""

    def __init__(self, address: str, port: int, server: tuple):
        self.server, self.heard, self.stripped = server, [], 0
        super().__init__(address, port)

    def talk(self, sock):
        with socket.create_connection(self.server, 30) as server:
            replies = server.makefile("rb")
            self.answer(replies, sock)
            for command in sock.makefile("rb"):
                self.heard.append(command.decode(errors="replace").strip())
                server.sendall(command)
                self.answer(replies, sock)

    def answer(self, replies, sock) -> None:
        lines = []
        while not lines or lines[-1][3:4] == b"-":
            lines.append(replies.readline())
            if lines[-1] == b"":
                raise ConnectionError
        self.stripped += lines.count(b"250-STARTTLS\r\n")
        sock.sendall(b"".join(lines).replace(b"250-STARTTLS\r\n", b"250-AUTH PLAIN LOGIN\r\n"))


class Repeater(_Server):
    """Lets everybody in by STARTTLS and any password. What begins as `refused` does is refused with all that was told in
    confidence, behind `padding` dots; `said` has these words."""

    def __init__(self, address: str, port: int, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{certificate}.pem", f"{certificate}.key")
        self.refused, self.padding, self.said = "nothing", 0, []
        super().__init__(address, port)

    def talk(self, sock):
        stream, told = sock.makefile("rwb", 0), ""

        def hear() -> str:
            return stream.readline().decode().strip()

        def say(line: str) -> None:
            stream.write(line.encode() + b"\r\n")

        say("220 repeater.test")
        while line := hear():
            if line.startswith("AUTH"):
                say("334 ")
                word = hear()
                told = " ".join([*base64.b64decode(word).decode().split("\0"), word])
            if line.startswith(self.refused):
                self.said.append("." * self.padding + told)
                say("550 " + self.said[-1])
            elif line == "STARTTLS":
                say("220 go on")
                sock = self.context.wrap_socket(sock, server_side=True)
                stream = sock.makefile("rwb", 0)
            elif line.startswith("EHLO"):
                say("250 AUTH PLAIN" if isinstance(sock, ssl.SSLSocket) else "250-repeater.test\r\n250 STARTTLS")
            elif line == "DATA":
                say("354 go on")
                while stream.readline() not in (b".\r\n", b""):
                    pass
                say("250 taken")
            else:
                say("235 welcome" if line.startswith("AUTH") else "250 good")
        sock.close()
