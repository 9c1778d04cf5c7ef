"""Do on connections what ASGI cannot express.

Close them without a response, keep the case of a header's name, and refuse headers without an end.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, ClassVar, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from facesnap_cli.emulator.protocol.faults import ConnectionDropped

_HEADER = b"operation-location"
_HEAD_BYTES_MAX = 64 * 1024
_TOO_LARGE = "Request header fields are too large."
_Address = tuple[str, int]


class Connections:
    """The open connections of a server, by the client's address."""

    def __init__(self) -> None:
        self._transports: dict[_Address, _Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Return a subclass of uvicorn's HTTP protocol that registers its connections here."""
        return type("TrackedProtocol", (_Tracked,), {"transports": self._transports})

    def app(self, inner: ASGIApp) -> ASGIApp:
        """Return an application that closes the connection if `inner` raises ConnectionDropped."""

        async def outer(scope: Scope, receive: Receive, send: Send) -> None:
            transport = self._transports.get(tuple(scope.get("client") or ()))
            if transport is None:
                await inner(scope, receive, send)
                return

            async def send_spelt(message: Message) -> None:
                for name, _ in message.get("headers", ()):
                    if name != _HEADER and name.lower() == _HEADER:
                        transport.spelling = name
                await send(message)

            try:
                await inner(scope, receive, send_spelt)
            except ConnectionDropped:
                transport.close()
                while (await receive())["type"] != "http.disconnect":
                    pass

        return outer


class _Transport:
    """A transport that restores the case of a header's name, which uvicorn writes in lower case."""

    def __init__(self, inner: asyncio.Transport) -> None:
        self._inner = inner
        self.spelling: bytes | None = None

    def write(self, data: bytes) -> None:
        if self.spelling is not None:
            data, self.spelling = data.replace(_HEADER, self.spelling, 1), None
        self._inner.write(data)

    def close(self) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Tracked(HttpToolsProtocol):
    """uvicorn's protocol, which registers its connection in `transports` and limits the size of headers."""

    transports: ClassVar[dict[_Address, _Transport]]
    _requests = 0
    _head_bytes = 0
    _in_head = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio does this only for sockets that were made with an explicit protocol number.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._address: _Address = transport.get_extra_info("peername")[:2]
        tracked = _Transport(cast(asyncio.Transport, transport))
        self.transports[self._address] = tracked
        super().connection_made(cast(asyncio.Transport, tracked))

    def connection_lost(self, exc: Exception | None) -> None:
        self.transports.pop(self._address, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        requests = self._requests
        super().data_received(data)
        # A header that does not end is in the parser's memory. Of the data in which a request begins, nobody knows
        # here how much belongs to it.
        if self._in_head and self._requests == requests:
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES_MAX and not self.transport.is_closing():
                self.send_400_response(_TOO_LARGE)

    def on_message_begin(self) -> None:
        self._requests += 1
        self._head_bytes = 0
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # Also called for the trailers of a body in chunks.
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > _HEAD_BYTES_MAX:
            raise ValueError(_TOO_LARGE)  # the parser stops, and uvicorn answers 400
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()
