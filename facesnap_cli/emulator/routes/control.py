"""Serve /_emulator, which shows and controls the emulator. No key is needed."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from facesnap_cli.common.errors import UsageError
from facesnap_cli.emulator.clock import ticks, timestamp
from facesnap_cli.emulator.face_service import Service
from facesnap_cli.emulator.ids import guid
from facesnap_cli.emulator.limits import JSON_BYTES_MAX
from facesnap_cli.emulator.protocol import decode
from facesnap_cli.emulator.protocol.encode import error_response, json_response
from facesnap_cli.emulator.protocol.fault_specs import fault_from
from facesnap_cli.emulator.protocol.service_errors import bad_argument, face_not_found
from facesnap_cli.emulator.seeds.images import MOST_FACES, draw

_MOST_DIGITS = 15
_MOST_ADVANCE_S = 3650 * 86400
_MOST_AHEAD_S = 10 * _MOST_ADVANCE_S


def control_routes(service: Service) -> list[Route]:
    """Return the routes below /_emulator."""
    control = _Control(service)
    return [
        Route("/health", control.health, methods=["GET"]),
        Route("/requests", control.requests, methods=["GET"]),
        Route("/requests", control.forget_requests, methods=["DELETE"]),
        Route("/clock", control.clock, methods=["GET"]),
        Route("/clock", control.advance, methods=["POST"]),
        Route("/reset", control.reset, methods=["POST"]),
        Route("/faults", control.faults, methods=["GET"]),
        Route("/faults", control.add_faults, methods=["POST"]),
        Route("/faults", control.clear_faults, methods=["DELETE"]),
        Route("/images/{persistedFaceIds}", control.image, methods=["GET"]),
    ]


class _Control:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def health(self, _: Request) -> Response:
        options = self._service.options
        return json_response(
            {
                "status": "ok",
                "dialect": options.dialect,
                "service": options.service,
                "tier": options.tier,
                "accounts": [account.name for account in self._service.accounts],
            }
        )

    async def requests(self, request: Request) -> Response:
        since = request.query_params.get("since", "0")
        if not since.isdecimal() or len(since) > _MOST_DIGITS:
            return error_response(bad_argument("'since' is invalid."))
        return json_response(self._service.calls.document(int(since)))

    async def forget_requests(self, _: Request) -> Response:
        self._service.calls.clear()
        return json_response(self._service.calls.document())

    async def clock(self, _: Request) -> Response:
        return json_response({"now": timestamp(self._service.clock.now())})

    async def advance(self, request: Request) -> Response:
        body = await _json(request)
        seconds = body.get("advance") if isinstance(body, dict) and set(body) == {"advance"} else None
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= _MOST_ADVANCE_S:
            return error_response(bad_argument('Send {"advance": SECONDS}, at most ten years of them.'))
        if self._service.clock.offset_ticks + ticks(seconds) > ticks(_MOST_AHEAD_S):
            return error_response(bad_argument("The clock would be more than a hundred years ahead; reset it."))
        self._service.store.state.advance(seconds)
        return await self.clock(request)

    async def reset(self, _: Request) -> Response:
        self._service.reset()
        return json_response({})

    async def faults(self, _: Request) -> Response:
        return json_response(self._service.faults.document())

    async def add_faults(self, request: Request) -> Response:
        body = await _json(request)
        entries = body if isinstance(body, list) else [body]
        if not all(isinstance(entry, dict) for entry in entries):
            return error_response(bad_argument("Send a fault, or an array of faults."))
        try:
            faults = [fault_from(entry) for entry in entries]
        except UsageError as error:
            return error_response(bad_argument(error.message))
        for fault in faults:
            self._service.faults.add(fault)
        return json_response(self._service.faults.document())

    async def clear_faults(self, _: Request) -> Response:
        self._service.faults.clear()
        return json_response([])

    async def image(self, request: Request) -> Response:
        faces = [guid(face) for face in request.path_params["persistedFaceIds"].split(",", MOST_FACES)]
        known = [face for face in faces if face is not None and self._service.store.faces.was_seeded(face)]
        if len(known) < len(faces) or len(known) > MOST_FACES:
            return error_response(face_not_found())
        return Response(draw(*known), media_type="image/png")


async def _json(request: Request) -> Any:
    """Return the body's JSON, or None if it is not JSON. Any content type will do, for requests by hand."""
    try:
        return json.loads(await decode.read_body(request, JSON_BYTES_MAX) or b"")
    except ValueError:
        return None
