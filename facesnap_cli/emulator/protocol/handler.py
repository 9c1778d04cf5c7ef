"""Handle a request: find its endpoint, record it, pick a fault, check it, decode it, and act in one transaction."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from facesnap_cli.emulator.accounts import Account
from facesnap_cli.emulator.face_service import Service
from facesnap_cli.emulator.limits import JSON_BYTES_MAX
from facesnap_cli.emulator.protocol.client_url import client_origin
from facesnap_cli.emulator.protocol.decode import read_body, read_image, read_json
from facesnap_cli.emulator.protocol.encode import error_response
from facesnap_cli.emulator.protocol.faults import ConnectionDropped, Fault
from facesnap_cli.emulator.protocol.routing import Match, Routes
from facesnap_cli.emulator.protocol.service_errors import (
    ServiceError,
    approval_missing,
    bad_argument,
    resource_not_found,
    unsupported_feature,
)
from facesnap_cli.emulator.protocol.traffic_log import ACCOUNT_KEY
from facesnap_cli.emulator.routes import Call, Endpoint

KEY_HEADER = "Ocp-Apim-Subscription-Key"


class Handler:
    """The ASGI application of the Face service, without what only the server knows."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loose = service.options.loose
        self._routes = Routes(loose=self._loose)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request. Raises ConnectionDropped if a fault drops the connection, or the client has gone."""
        try:
            response = await self._handle(Request(scope, receive))
        except ClientDisconnect:
            raise ConnectionDropped from None
        await response(scope, receive, send)

    async def _handle(self, request: Request) -> Response:
        match = self._routes.match(request.method, request.scope["raw_path"].decode("latin-1"))
        headers = request.headers
        caller = self._service.authenticate(
            headers.get(KEY_HEADER), headers.get("authorization"), headers.get("host", "")
        )
        route = None if match.endpoint is None else match.endpoint.path
        record = self._service.calls.begin(
            self._service.clock.now(),
            method=request.method,
            path=request.scope["path"],
            query=request.scope["query_string"].decode("latin-1"),
            account=None if isinstance(caller, ServiceError) else caller.name,
            route=route,
        )
        request.scope[ACCOUNT_KEY] = record.account
        names = (match.path, route or match.path)
        fault = self._service.faults.pick([f"{request.method} {name}" for name in names], record.account)
        if fault is None:
            response = await self._act(request, match, caller)
        else:
            response = await self._act_with_fault(request, match, caller, fault)
        record.status = response.status_code
        return response

    async def _act_with_fault(
        self, request: Request, match: Match, caller: Account | ServiceError, fault: Fault
    ) -> Response:
        if fault.survives_disconnect:
            await request.body()  # the request keeps it: after a disconnect it could not be read any more
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.replaces_acting:
            await read_body(request, JSON_BYTES_MAX)
            return fault.replacement(self._service.clock.now())
        response = await self._act(request, match, caller, fault)
        return fault.disturb(response, self._base(request, match))

    async def _act(
        self, request: Request, match: Match, caller: Account | ServiceError, fault: Fault | None = None
    ) -> Response:
        try:
            if match.endpoint is None:
                await read_body(request, JSON_BYTES_MAX)
                raise resource_not_found()
            call = await self._decode(request, match, match.endpoint, caller, fault)
            if match.endpoint.method == "GET":
                self._service.store.run_due_events()
                return match.endpoint.act(call)
            with self._service.store.transaction():
                return match.endpoint.act(call)
        except ServiceError as error:
            return error_response(error)

    async def _decode(
        self, request: Request, match: Match, endpoint: Endpoint, caller: Account | ServiceError, fault: Fault | None
    ) -> Call:
        """Check and decode the request. Raises ServiceError."""
        account = self._service.admit(caller)
        query = dict(request.query_params)
        self._check_features(endpoint, query)
        for key in query:
            # The service ignores unknown parameters. The emulator refuses them, so that a misspelt name is noticed.
            if key not in endpoint.query and not self._loose:
                raise bad_argument(f"'{key}' is not a parameter of this operation.")
        assert match.version is not None
        return Call(
            store=self._service.store,
            dialect=self._service.dialect,
            account=account,
            tier=self._service.tier(account),
            version=match.version,
            location=lambda path: self._base(request, match) + path,
            params=match.params,
            query=query,
            body=await read_json(request, endpoint.members, loose=self._loose) if endpoint.takes == "json" else {},
            image=await read_image(request, loose=self._loose) if endpoint.takes == "image" else b"",
            planned_failure=None if fault is None else fault.fail,
            existing_fails_later=fault is not None and fault.existing == "operation",
        )

    def _check_features(self, endpoint: Endpoint, query: dict[str, str]) -> None:
        """Raise ServiceError if the service is retired or gated and does not have the endpoint's feature."""
        mode = self._service.options.service
        if mode == "retired" and endpoint.snapshot:
            raise unsupported_feature() if endpoint.method == "POST" else resource_not_found()
        if mode.startswith("gated") and endpoint.needs_approval(query):
            raise approval_missing(nested=mode == "gated")

    def _base(self, request: Request, match: Match) -> str:
        """Return the URL up to and including the version, as the client reaches it."""
        origin = client_origin(request.scope, self._service.names.allow)
        return origin if match.version is None else f"{origin}/face/{match.version.name}"
