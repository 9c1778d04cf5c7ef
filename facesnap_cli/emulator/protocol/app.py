"""Build the ASGI application: its routes, and the background work between requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate

from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facesnap_cli.emulator.clock import TICKS_PER_S, Clock
from facesnap_cli.emulator.face_service import Service
from facesnap_cli.emulator.protocol.guard import guarded
from facesnap_cli.emulator.protocol.handler import Handler
from facesnap_cli.emulator.routes import OBJECT_ENDPOINTS, SNAPSHOT_ENDPOINTS, Endpoint
from facesnap_cli.emulator.routes.control import control_routes

_OBJECTS_AND_SNAPSHOTS = ("/face/v1.0", "/face/v1.0-preview")
_OBJECTS = ("/face/v1.2",)
# How long the background work lets requests go first between two steps, and how long it waits for more work.
_PAUSE_S = 0.002
_IDLE_S = 0.05


def create_app(service: Service) -> ASGIApp:
    """Return the ASGI application. Its lifespan runs the copying in the background."""
    versions = [(prefix, SNAPSHOT_ENDPOINTS + OBJECT_ENDPOINTS) for prefix in _OBJECTS_AND_SNAPSHOTS]
    versions += [(prefix, OBJECT_ENDPOINTS) for prefix in _OBJECTS]
    mounts = [Mount(prefix, routes=_routes(service, prefix, endpoints)) for prefix, endpoints in versions]
    router = Router(
        [Mount("/_emulator", routes=control_routes(service)), *mounts, _any_other(service, "")],
        redirect_slashes=False,
        lifespan=lambda _: _background(service),
    )
    return _dated(guarded(router, service.options.host), service.clock)


def _dated(app: ASGIApp, clock: Clock) -> ASGIApp:
    """Return `app` with a `Date` in each response, by the emulator's clock."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(clock.now() / TICKS_PER_S, usegmt=True)
                message["headers"] = [*message.get("headers", ()), (b"date", date.encode())]
            await send(message)

        await app(scope, receive, send_dated)

    return call


def _routes(service: Service, prefix: str, endpoints: tuple[Endpoint, ...]) -> list[Route]:
    routes = [
        Route(endpoint.path, Handler(service, endpoint, prefix).handle, methods=[endpoint.method])
        for endpoint in endpoints
    ]
    # Starlette serves HEAD wherever there is a GET, and sends 405 for other methods. The gateway does neither.
    for route in routes:
        assert route.methods is not None
        route.methods.discard("HEAD")
    return [*routes, _any_other(service, prefix)]


def _any_other(service: Service, prefix: str) -> Route:
    route = Route("/{path:path}", Handler(service, None, prefix).handle)
    route.methods = None
    return route


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
