"""Build the ASGI application: its routes, and the background work between requests."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from uuid import uuid4

from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facesnap_cli.emulator.clock import TICKS_PER_S, Clock
from facesnap_cli.emulator.face_service import Service
from facesnap_cli.emulator.protocol.guard import guarded
from facesnap_cli.emulator.protocol.handler import Handler
from facesnap_cli.emulator.routes.control import control_routes

_CLIENT_REQUEST_ID = b"x-ms-client-request-id"
_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
# How long the background work lets requests go first between two steps, and how long it waits for more work.
_PAUSE_S = 0.002
_IDLE_S = 0.05


def create_app(service: Service) -> ASGIApp:
    """Return the ASGI application. Its lifespan runs the copying in the background."""
    router = Router(
        [Mount("/_emulator", routes=control_routes(service))],
        redirect_slashes=False,
        default=Handler(service),
        lifespan=lambda _: _background(service),
    )
    return _stamped(guarded(router, service.names), service.clock)


def _stamped(app: ASGIApp, clock: Clock) -> ASGIApp:
    """Return `app` with the headers of every response: `Date`, by the emulator's clock, and the ids of the request."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(clock.now() / TICKS_PER_S, usegmt=True)
                headers = [*message.get("headers", ()), (b"date", date.encode())]
                headers.append((b"apim-request-id", str(uuid4()).encode()))
                headers += [
                    header
                    for header in scope["headers"]
                    if header[0] == _CLIENT_REQUEST_ID and _REQUEST_ID.fullmatch(header[1])
                ][:1]
                message["headers"] = headers
            await send(message)

        await app(scope, receive, send_stamped)

    return call


@asynccontextmanager
async def _background(service: Service) -> AsyncIterator[None]:
    async def work() -> None:
        while True:
            await asyncio.sleep(_PAUSE_S if service.store.work() else _IDLE_S)

    def report(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": "copying and deleting stopped", "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)

    task = asyncio.create_task(work())
    task.add_done_callback(report)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        service.close()
