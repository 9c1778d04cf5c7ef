"""A gate before the emulator: it can stop a request on its way, or an answer on its way back."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.support.waiting import until


class Gate:
    """Forwards HTTP/1.1 between a client and the emulator, one message at a time.

    `stop_request` and `stop_answer` are beginnings of request lines (`POST /face/v1.0/snapshots `), with a * for any
    part of a path: such a request is not forwarded, or its answer is not given back, before `release`; `stopped` is set
    then. A stopped request is never forwarded; its connection stays open until the gate closes. The first request that
    begins with `late_request` is forwarded only by `deliver`, and never answered: its client waits, or loses its
    connection if the gate `hangs_up`. `observe` is called with each request before it is forwarded.
    """

    def __init__(self, endpoint: str):
        parts = urlsplit(endpoint)
        self._service = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.stop_request: str | None = None
        self.stop_answer: str | None = None
        self.late_request: str | None = None
        self.hangs_up = False
        self.observe: Callable[[bytes], None] = lambda request: None
        self._late: list[bytes] = []
        self.stopped = threading.Event()
        self._released = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def open(self) -> None:
        """Let everything through again."""
        self.stop_request = self.stop_answer = None
        self.stopped.clear()

    def release(self) -> None:
        """Give back the answers that were stopped, and stop no more."""
        self.open()
        self._released.set()

    def deliver(self) -> bool:
        """Forward the late request if it has not been forwarded yet; return whether there was one."""
        if not self._late:
            return False
        self._forwarded(self._late.pop())
        return True

    def close(self) -> None:
        self._closing.set()
        self._released.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            while request := _message(client, self._closing):
                self.observe(request)
                if _begins(request, self.stop_request):
                    self.stopped.set()
                    self._closing.wait()
                    return
                if self._is_late(request):
                    if not self.hangs_up:
                        self._closing.wait()
                    return
                answer = self._forwarded(request)
                if _begins(request, self.stop_answer):
                    self.stopped.set()
                    self._released.wait()
                client.sendall(answer)

    def _is_late(self, request: bytes) -> bool:
        with self._lock:
            if not _begins(request, self.late_request):
                return False
            self.late_request = None
            self._late.append(request)
            self.stopped.set()
            return True

    def _forwarded(self, request: bytes) -> bytes:
        """Return the service's answer to a request."""
        with socket.create_connection(self._service) as service:
            service.sendall(request)
            return _message(service, self._closing)


def kill_at(gate: Gate, process: subprocess.Popen[str]) -> None:
    """Kill a process at the request or answer at which the gate stops it, and open the gate."""
    until(lambda: gate.stopped.is_set() or process.poll() is not None, "the request")
    assert process.poll() is None, "the process ended without this request"
    process.kill()
    process.communicate()
    gate.open()


@contextmanager
def gate(endpoint: str) -> Iterator[Gate]:
    opened = Gate(endpoint)
    try:
        yield opened
    finally:
        opened.close()


def _begins(request: bytes, line: str | None) -> bool:
    if line is None:
        return False
    return re.match(re.escape(line).replace(r"\*", "[^/ ?]+"), request.decode("latin-1")) is not None


def _message(source: socket.socket, closing: threading.Event) -> bytes:
    """Read one HTTP message with a Content-Length (or none: no body); nothing at the end of the connection."""
    source.settimeout(0.1)
    data = b""
    while not closing.is_set():
        head, separator, body = data.partition(b"\r\n\r\n")
        if separator and len(body) >= _length(head):
            return data
        try:
            part = source.recv(65536)
        except TimeoutError:
            continue
        if not part:
            break
        data += part
    return b""


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
