"""Close connections without a response, and keep the case of a header's name. ASGI can express neither."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, ClassVar, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from facesnap_cli.emulator.protocol.faults import ConnectionDropped

_HEADER = b"operation-location"
_Address = tuple[str, int]


class Connections:
    """The open connections of a server, by the client's address."""

    def __init__(self) -> None:
        self._transports: dict[_Address, _Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Return a subclass of uvicorn's HTTP protocol that registers its connections here."""
        return type("TrackedProtocol", (_Tracked, AutoHTTPProtocol), {"transports": self._transports})

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


class _Tracked(asyncio.Protocol):
    """A mixin that registers the connection in `transports`."""

    transports: ClassVar[dict[_Address, _Transport]]

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
