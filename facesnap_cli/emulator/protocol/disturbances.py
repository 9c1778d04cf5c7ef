"""What a fault does to an answer."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from facesnap_cli.emulator.protocol.encode import refused
from facesnap_cli.emulator.protocol.faults import ConnectionDropped, Fault


def answer_instead(fault: Fault, now: int) -> Response:
    """Return what the fault answers without acting. Raises ConnectionDropped where that is nothing."""
    if fault.drop == "before":
        raise ConnectionDropped
    if fault.redirect is not None:
        return Response(status_code=307, headers={"Location": fault.redirect})
    refusal = fault.refusal(now)
    if fault.body is not None:
        return Response(fault.body, refusal.status, media_type="text/html")
    return refused(refusal)


def mangle(response: Response, fault: Fault, base: str) -> Response:
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
