"""Handle a request: record it, pick a fault, check it, decode it, and act on it in one transaction."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from facesnap_cli.emulator.face_service import Service
from facesnap_cli.emulator.limits import JSON_BYTES_MAX
from facesnap_cli.emulator.protocol.decode import read_body, read_image, read_json
from facesnap_cli.emulator.protocol.encode import error_response
from facesnap_cli.emulator.protocol.faults import Fault
from facesnap_cli.emulator.protocol.service_errors import (
    MISSING_APPROVAL,
    ServiceError,
    bad_argument,
    resource_not_found,
    unsupported_feature,
)
from facesnap_cli.emulator.routes import Call, Endpoint

KEY_HEADER = "Ocp-Apim-Subscription-Key"


class Handler:
    """Handles the requests of one endpoint below `prefix`. Without an endpoint the response is 404."""

    def __init__(self, service: Service, endpoint: Endpoint | None, prefix: str) -> None:
        self._service = service
        self._endpoint = endpoint
        self._prefix = prefix

    async def handle(self, request: Request) -> Response:
        """Return the response. Raises ConnectionDropped if a fault drops the connection."""
        account = self._service.account(request.headers.get(KEY_HEADER))
        path = request.url.path
        route = None if self._endpoint is None else self._endpoint.path
        record = self._service.calls.begin(
            self._service.clock.now(),
            method=request.method,
            path=path,
            query=request.url.query,
            account=None if account is None else account.name,
            route=route,
        )
        names = (path.removeprefix(self._prefix), route or path)
        fault = self._service.faults.pick([f"{request.method} {name}" for name in names], record.account)
        response = await (self._act(request) if fault is None else self._act_with_fault(request, fault))
        record.status = response.status_code
        return response

    async def _act_with_fault(self, request: Request, fault: Fault) -> Response:
        if fault.survives_disconnect:
            await request.body()  # the request keeps it: after a disconnect it could not be read any more
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.replaces_acting:
            await read_body(request, JSON_BYTES_MAX)
            return fault.replacement(self._service.clock.now())
        return fault.disturb(await self._act(request, fault), self._base(request))

    async def _act(self, request: Request, fault: Fault | None = None) -> Response:
        try:
            if self._endpoint is None:
                await read_body(request, JSON_BYTES_MAX)
                raise resource_not_found()
            call = await self._decode(request, self._endpoint, fault)
            if self._endpoint.method == "GET":
                self._service.store.run_due_events()
                return self._endpoint.act(call)
            with self._service.store.transaction():
                return self._endpoint.act(call)
        except ServiceError as error:
            return error_response(error)

    async def _decode(self, request: Request, endpoint: Endpoint, fault: Fault | None) -> Call:
        """Check and decode the request. Raises ServiceError."""
        account = self._service.admit(self._service.account(request.headers.get(KEY_HEADER)))
        self._check_features(endpoint)
        query = dict(request.query_params)
        for key in query:
            # The service ignores unknown parameters. The emulator refuses them, so that a misspelt name is noticed.
            if key not in endpoint.query:
                raise bad_argument(f"'{key}' is not a parameter of this operation.")
        return Call(
            store=self._service.store,
            dialect=self._service.dialect,
            account=account,
            tier=self._service.tier(account),
            base=self._base(request),
            params=request.path_params,
            query=query,
            body=await read_json(request, endpoint.members) if endpoint.takes == "json" else {},
            image=await read_image(request) if endpoint.takes == "image" else b"",
            planned_failure=None if fault is None else fault.fail,
            existing_fails_later=fault is not None and fault.existing == "operation",
        )

    def _check_features(self, endpoint: Endpoint) -> None:
        """Raise ServiceError if the service is retired or gated and does not have the endpoint's feature."""
        mode = self._service.options.service
        if mode == "retired" and endpoint.snapshot:
            raise unsupported_feature() if endpoint.method == "POST" else resource_not_found()
        if mode == "gated" and endpoint.method == "POST" and (endpoint.snapshot or endpoint.recognition):
            raise unsupported_feature(MISSING_APPROVAL)

    def _base(self, request: Request) -> str:
        """Return the URL up to and including the version."""
        return f"{request.base_url}{self._prefix[1:]}"
