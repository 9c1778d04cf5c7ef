"""A server that answers as badly as a script says, on a real socket, and notes every byte that it was sent."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import PATIENCE_S

CERTIFICATE = Path(__file__).with_name("localhost.pem")
CERTIFICATE_KEY = Path(__file__).with_name("localhost.key.pem")

Step = bytes | float
Script = Callable[["Received"], Iterable[Step]]


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    raw: bytes


class HostileServer:
    """Runs `script` for each request: bytes are sent, a number is a pause in seconds, the end closes the connection.

    `greeting` is sent first, unasked.
    """

    def __init__(self, script: Script, *, tls: bool = False, greeting: bytes = b""):
        self.script = script
        self._greeting = greeting
        self.received: list[Received] = []
        self.connections = 0
        self._tls = _server_context() if tls else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        port = self._listener.getsockname()[1]
        self.endpoint = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
        self.authority = f"127.0.0.1:{port}"
        self._start(self._accept)

    @property
    def seen(self) -> bytes:
        """Everything that reached this server."""
        return b"".join(request.raw for request in self.received)

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in tuple(self._open):  # a thread that reads from it goes on, and ends
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), plain:
            plain.settimeout(PATIENCE_S)
            connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            self._open.add(connection)
            with connection:
                connection.sendall(self._greeting)
                while (request := _request(connection)) is not None:
                    self.received.append(request)
                    if not self._perform(connection, self.script(request)):
                        return

    def _perform(self, connection: socket.socket, steps: Iterable[Step]) -> bool:
        """Tell whether the connection stays open: it does after an answer that was given at once."""
        whole = list(steps) if isinstance(steps, list) else None
        for step in whole if whole is not None else steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif self._closing.wait(step):
                return False
        return whole is not None


@contextlib.contextmanager
def serving(script: Script, *, tls: bool = False) -> Iterator[HostileServer]:
    """Run a hostile server for as long as the block lasts."""
    server = HostileServer(script, tls=tls)
    try:
        yield server
    finally:
        server.close()


def answer(status: int, body: object = b"", **headers: str) -> list[Step]:
    """Return the steps of a proper answer; a body that is not bytes is sent as JSON. `_` in names becomes `-`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ["\r\n".join([*lines, "", ""]).encode("latin-1") + content]


def always(*steps: Step) -> Script:
    """Return a script that answers every request with these steps and closes the connection."""
    return lambda request: iter(steps)


def _request(connection: socket.socket) -> Received | None:
    raw = bytearray()
    while b"\r\n\r\n" not in raw:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        raw += chunk
    head, _, body = bytes(raw).partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (entry.partition(":") for entry in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    method, path, _ = line.split(" ", 2)
    return Received(method, path, headers, body, head + b"\r\n\r\n" + body)


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE_KEY)
    return context
