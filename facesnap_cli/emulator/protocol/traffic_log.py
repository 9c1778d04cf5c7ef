"""Write down requests and responses: a line each in the access log, or whole for `--debug`."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.files import AppendedFile
from facesnap_cli.common.reporter import SILENT, Reporter
from facesnap_cli.emulator.clock import Clock, timestamp

ACCOUNT_KEY = "facesnap.account"
_SECRET_HEADERS = (b"ocp-apim-subscription-key", b"authorization", b"proxy-authorization", b"cookie")
_SHOWN_BYTES = 2000


class TrafficLog:
    """The places to which lines are written.

    A line that cannot be written at once is dropped, because requests go first. The first one is a warning.
    """

    def __init__(self, path: Path | None, *, debug: bool, reporter: Reporter = SILENT) -> None:
        self._debug = debug
        self._path = path
        self._file = AppendedFile(path, 0o600) if path else None
        self._reporter = reporter
        self._has_warned = False
        if self._file:
            try:
                self._file.write(b"", timeout_s=0)  # opens it
            except OSError as error:
                raise UsageError(f"cannot write the access log {path}: {error.strerror}") from error

    @property
    def is_used(self) -> bool:
        """Whether anything is to be written."""
        return self._debug or self._file is not None

    def access(self, line: str) -> None:
        """Write a line of the access log."""
        if self._file is None:
            return
        try:
            self._file.write(f"{harmless(line)}\n".encode(errors="replace"), timeout_s=0)
        except OSError as error:
            if not self._has_warned:
                self._has_warned = True
                reason = f"{error.strerror}; its lines are dropped while that lasts"
                self._reporter.warn(f"the access log {self._path} cannot be written: {reason}")

    def conversation(self, lines: list[str]) -> None:
        """Print the lines of a request and its response if asked to."""
        if self._debug:
            with suppress(OSError, ValueError):
                sys.stderr.write("".join(f"{harmless(line)}\n" for line in lines))
                sys.stderr.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


class _Body:
    """The beginning of a body, and the number of its bytes."""

    def __init__(self) -> None:
        self.size = 0
        self._beginning = b""

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._beginning += chunk[: _SHOWN_BYTES - len(self._beginning)]

    def lines(self, mark: str) -> list[str]:
        if not self.size:
            return []
        try:
            shown = self._beginning.decode()
        except UnicodeDecodeError:
            return [f"{mark} ({self.size} bytes)"]
        return [f"{mark} {shown}" + (f" … ({self.size} bytes)" if self.size > _SHOWN_BYTES else "")]


def logged(app: ASGIApp, log: TrafficLog, clock: Clock) -> ASGIApp:
    """Return `app` with its requests and responses written to `log`."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        started, begun = time.monotonic(), timestamp(clock.now())
        received, sent = _Body(), _Body()
        status: list[int] = []
        response_headers: list[str] = []

        async def receive_noted() -> Message:
            message = await receive()
            received.add(message.get("body", b""))
            return message

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
                response_headers.extend(_header_lines("<", message["headers"]))
            sent.add(message.get("body", b""))
            await send(message)

        target = _target(scope)
        try:
            await app(scope, receive_noted, send_noted)
        finally:
            took_ms = (time.monotonic() - started) * 1000
            client = (scope.get("client") or ("-",))[0]
            account = scope.get(ACCOUNT_KEY) or "-"
            shown = status[0] if status else "-"
            log.access(f"{begun} {client} {account} {scope['method']} {target} {shown} {sent.size} {took_ms:.1f}ms")
            log.conversation(
                [
                    f"> {scope['method']} {target}",
                    *_header_lines(">", scope["headers"]),
                    *received.lines(">"),
                    f"< {shown}" if status else "< no response",
                    *response_headers,
                    *sent.lines("<"),
                ]
            )

    return call


def _target(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    path: bytes = scope["raw_path"]
    return path.decode("latin-1") + (f"?{query}" if query else "")


def _header_lines(mark: str, headers: list[tuple[bytes, bytes]]) -> list[str]:
    return [
        f"{mark} {name.decode('latin-1')}: {'***' if name.lower() in _SECRET_HEADERS else value.decode('latin-1')}"
        for name, value in headers
    ]
