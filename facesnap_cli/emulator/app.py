"""The way of every call: recorded, admitted, decoded, acted on in one transaction, encoded, and perhaps disturbed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import Receive, Scope, Send

from facesnap_cli.emulator.decode import read_body, read_image, read_json
from facesnap_cli.emulator.encode import refused
from facesnap_cli.emulator.faults import ConnectionDropped, Fault
from facesnap_cli.emulator.limits import JSON_BYTES_MAX
from facesnap_cli.emulator.refusals import (
    MISSING_APPROVAL,
    ServiceError,
    bad_argument,
    resource_not_found,
    unsupported_feature,
)
from facesnap_cli.emulator.routes import OBJECT_ENDPOINTS, SNAPSHOT_ENDPOINTS, Call, Endpoint
from facesnap_cli.emulator.routes.control import control_routes
from facesnap_cli.emulator.service import Service

KEY_HEADER = "Ocp-Apim-Subscription-Key"
_OBJECTS_AND_SNAPSHOTS = ("/face/v1.0", "/face/v1.0-preview")
_OBJECTS = ("/face/v1.2",)
# How long the background work lets other calls go first, and how long it waits for more work.
_PAUSE_S = 0.002
_IDLE_S = 0.05


def create_app(service: Service) -> Router:
    """Return the ASGI application. Its lifespan does the copying that no call waits for."""
    versions = [(prefix, SNAPSHOT_ENDPOINTS + OBJECT_ENDPOINTS) for prefix in _OBJECTS_AND_SNAPSHOTS]
    versions += [(prefix, OBJECT_ENDPOINTS) for prefix in _OBJECTS]
    mounts = [Mount(prefix, routes=_routes(service, prefix, endpoints)) for prefix, endpoints in versions]
    return Router(
        [Mount("/_emulator", routes=control_routes(service)), *mounts, _any_other(service, "")],
        redirect_slashes=False,
        lifespan=lambda _: _background(service),
    )


def _routes(service: Service, prefix: str, endpoints: tuple[Endpoint, ...]) -> list[Route]:
    routes = [
        Route(endpoint.path, _Handler(service, endpoint, prefix).answer, methods=[endpoint.method])
        for endpoint in endpoints
    ]
    # Starlette would answer HEAD wherever there is a GET, and 405 for other methods; the gateway knows neither.
    for route in routes:
        assert route.methods is not None
        route.methods.discard("HEAD")
    return [*routes, _any_other(service, prefix)]


def _any_other(service: Service, prefix: str) -> Route:
    route = Route("/{path:path}", _Handler(service, None, prefix).answer)
    route.methods = None
    return route


@asynccontextmanager
async def _background(service: Service) -> AsyncIterator[None]:
    async def work() -> None:
        while True:
            await asyncio.sleep(_PAUSE_S if service.store.work() else _IDLE_S)

    def report(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": "copying and deleting came to an end", "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)

    task = asyncio.create_task(work())
    task.add_done_callback(report)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        service.close()


class _Handler:
    """Answers the calls of one endpoint, or of none (404)."""

    def __init__(self, service: Service, endpoint: Endpoint | None, prefix: str) -> None:
        self._service = service
        self._endpoint = endpoint
        self._prefix = prefix

    async def answer(self, request: Request) -> Response:
        """Answer one call. Raises ConnectionDropped where a fault wants no answer at all."""
        account = self._service.account(request.headers.get(KEY_HEADER))
        path = request.url.path
        record = self._service.calls.begin(
            self._service.clock.now(),
            method=request.method,
            path=path,
            query=request.url.query,
            account=None if account is None else account.name,
            route=None if self._endpoint is None else self._endpoint.path,
        )
        names = [f"{request.method} {path.removeprefix(self._prefix)}"]
        if self._endpoint is not None:
            names.append(f"{request.method} {self._endpoint.path}")
        fault = self._service.faults.pick(names, record.account)
        try:
            response = await self._disturbed(request, fault)
        except ServiceError as error:
            response = refused(error)
        if fault is not None:
            response = _mangled(response, fault, f"{request.base_url}{self._prefix[1:]}")
        record.status = response.status_code
        return response

    async def _disturbed(self, request: Request, fault: Fault | None) -> Response:
        if fault is None:
            return await self._act(request, None)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.replaces_acting:
            await read_body(request, JSON_BYTES_MAX)
            return _instead(fault, self._service.clock.now())
        response = await self._act(request, fault)
        if fault.drop == "after":
            raise ConnectionDropped
        return response

    async def _act(self, request: Request, fault: Fault | None) -> Response:
        endpoint, service = self._endpoint, self._service
        if endpoint is None:
            await read_body(request, JSON_BYTES_MAX)
            raise resource_not_found()
        account = service.admit(service.account(request.headers.get(KEY_HEADER)))
        self._check_gate(endpoint)
        query = dict(request.query_params)
        for key in query:
            # The service ignores parameters that it does not know. Refusing them shows a misspelt name.
            if key not in endpoint.query:
                raise bad_argument(f"'{key}' is not a parameter of this operation.")
        call = Call(
            store=service.store,
            dialect=service.dialect,
            account=account,
            tier=service.tier(account),
            base=f"{request.base_url}{self._prefix[1:]}",
            params=request.path_params,
            query=query,
            body=await read_json(request, endpoint.members) if endpoint.takes == "json" else {},
            image=await read_image(request) if endpoint.takes == "image" else b"",
            fate=None if fault is None else fault.fail,
            existing_fails_later=fault is not None and fault.existing == "operation",
        )
        if endpoint.method == "GET":
            service.store.settle()
            return endpoint.act(call)
        with service.store.transaction():
            return endpoint.act(call)

    def _check_gate(self, endpoint: Endpoint) -> None:
        """Refuse what a service without the feature, or without approval for it, refuses."""
        mode = self._service.options.service
        if mode == "retired" and endpoint.snapshot:
            raise unsupported_feature() if endpoint.method == "POST" else resource_not_found()
        if mode == "gated" and endpoint.method == "POST" and (endpoint.snapshot or endpoint.recognition):
            raise unsupported_feature(MISSING_APPROVAL)


def _instead(fault: Fault, now: int) -> Response:
    """Return what the fault answers without acting. Raises ConnectionDropped where that is nothing."""
    if fault.drop == "before":
        raise ConnectionDropped
    if fault.redirect is not None:
        return Response(status_code=307, headers={"Location": fault.redirect})
    refusal = fault.refusal(now)
    if fault.body is not None:
        return Response(fault.body, refusal.status, media_type="text/html")
    return refused(refusal)


def _mangled(response: Response, fault: Fault, base: str) -> Response:
    """Return the response as the fault leaves it."""
    if fault.location is not None:
        response.raw_headers = [
            header for name, value in response.raw_headers for header in _location(name, value, fault.location, base)
        ]
    if fault.truncate is not None:
        return _Truncated(response, fault.truncate)
    return response


def _location(name: bytes, value: bytes, disturbance: str, base: str) -> list[tuple[bytes, bytes]]:
    """Return what becomes of one header: no, one other, or the same header."""
    if name.lower() != b"operation-location":
        return [(name, value)]
    return {
        "missing": [],
        "elsewhere": [(name, b"https://face-internal.invalid:8443/face/v1.0" + value)],
        "absolute": [(name, base.encode() + value)],
        "lower": [(b"operation-location", value)],
        "upper": [(b"OPERATION-LOCATION", value)],
        "title": [(b"Operation-Location", value)],
    }[disturbance]


class _Truncated(Response):
    """A response of which only the first `size` bytes of the body arrive, though its length was announced."""

    def __init__(self, whole: Response, size: int) -> None:
        super().__init__(whole.body, whole.status_code)
        self.raw_headers = whole.raw_headers
        self._size = size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: self._size], "more_body": True})
        raise ConnectionDropped
