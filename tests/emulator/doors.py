"""Open two doors to an emulator: its application in this process with a frozen clock, and a socket."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from facesnap_cli.emulator.clock import Clock
from facesnap_cli.emulator.face_service import Service
from facesnap_cli.emulator.options import EmulatorOptions
from facesnap_cli.emulator.protocol.app import create_app
from tests.support.waiting import PATIENCE_S, until

SOURCE_KEY = "a0000000000000000000000000000001"
TARGET_KEY = "b0000000000000000000000000000001"
SOURCE = "aaaaaaaa-0000-4000-8000-000000000001"
TARGET = "bbbbbbbb-0000-4000-8000-000000000002"
# The kinds of container by their paths, with their names in snapshots and in messages.
KINDS = {
    "persongroups": ("PersonGroup", "Person group"),
    "largepersongroups": ("LargePersonGroup", "Large person group"),
    "facelists": ("FaceList", "Face list"),
    "largefacelists": ("LargeFaceList", "Large face list"),
}
TRAINED = [path for path in KINDS if path != "facelists"]
# 2026-11-23T12:00:00Z
NOON_NS = 1_795_435_200 * 10**9


class Door(ABC):
    """A way to call the emulator."""

    @abstractmethod
    def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the response, with its body."""

    def call(
        self, method: str, path: str, *, key: str | None = SOURCE_KEY, prefix: str = "/face/v1.0", **content: Any
    ) -> httpx.Response:
        """Call `path` below `prefix` as the account with `key`; `content` is as for httpx.Request."""
        headers = dict(content.pop("headers", {}))
        if key is not None:
            headers["Ocp-Apim-Subscription-Key"] = key
        return self.send(httpx.Request(method, f"http://127.0.0.1{prefix}{path}", headers=headers, **content))

    def add_face(self, path: str, image: bytes, **content: Any) -> httpx.Response:
        """Add the face in `image` to `path`."""
        headers = {"Content-Type": "application/octet-stream"}
        return self.call("POST", f"{path}/persistedfaces", content=image, headers=headers, **content)

    def control(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Call `path` below /_emulator."""
        return self.call(method, path, key=None, prefix="/_emulator", **content)

    def advance(self, seconds: float) -> None:
        """Move the emulator's clock forward."""
        assert self.control("POST", "/clock", json={"advance": seconds}).status_code == 200

    def apply(self, snapshot: str, object_id: str = "copy", *, key: str = TARGET_KEY) -> httpx.Response:
        """Start to apply a snapshot, by default in the second account."""
        return self.call("POST", f"/snapshots/{snapshot}/apply", key=key, json={"objectId": object_id})

    def follow(self, response: httpx.Response, *, key: str = SOURCE_KEY) -> dict[str, Any]:
        """Finish the operation of an accepted take or apply, and return its body."""
        assert response.status_code == 202, response.text
        self.advance(21)
        body = self.call("GET", response.headers["operation-location"], key=key).json()
        return {name[0].lower() + name[1:]: value for name, value in body.items()}

    def take(self, kind: str, object_id: str, *, scope: tuple[str, ...] = (TARGET,), **more: Any) -> httpx.Response:
        """Start to take a snapshot."""
        body = {"type": kind, "objectId": object_id, "applyScope": list(scope), **more}
        return self.call("POST", "/snapshots", json=body)

    def taken(self, kind: str, object_id: str, *, scope: tuple[str, ...] = (TARGET,), **more: Any) -> str:
        """Take a snapshot and return its id."""
        finished = self.follow(self.take(kind, object_id, scope=scope, **more))
        assert finished["status"] == "succeeded", finished
        return str(finished["resourceLocation"]).removeprefix("/snapshots/")


class SocketDoor(Door):
    """A door over a real socket."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = httpx.URL(endpoint)
        self._client = httpx.Client(timeout=PATIENCE_S)

    def send(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(port=self._endpoint.port)
        return self._client.send(request)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class ProcessDoor(Door):
    """A door to an application in this process, without any socket."""

    def __init__(self, service: Service) -> None:
        self._transport = httpx.ASGITransport(create_app(service))
        self._loop = asyncio.new_event_loop()

    def send(self, request: httpx.Request) -> httpx.Response:
        return self._loop.run_until_complete(self._send(request))

    async def _send(self, request: httpx.Request) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport) as client:
            return await client.send(request)

    def close(self) -> None:
        """Close the loop."""
        self._loop.close()


@contextmanager
def process_door(options: EmulatorOptions) -> Iterator[ProcessDoor]:
    """Open a door to an emulator in this process, with the clock stopped at noon of 2026-11-23."""
    service = Service(options, Clock(lambda: NOON_NS))
    door = ProcessDoor(service)
    try:
        yield door
    finally:
        door.close()
        service.close()


def wait(door: SocketDoor, location: str, **account: str) -> dict[str, Any]:
    """Poll an operation until it ends."""
    body: dict[str, Any] = {}

    def has_ended() -> bool:
        body.update(door.call("GET", location, **account).json())
        return body["status"] in ("succeeded", "failed")

    until(has_ended, "the end of the operation")
    return body


def all_persons(door: SocketDoor, group: str, **account: str) -> list[Any]:
    """Return all persons of a large person group, page by page."""
    found: list[Any] = []
    while True:
        start = found[-1]["personId"] if found else ""
        page = door.call("GET", f"/largepersongroups/{group}/persons?start={start}", **account).json()
        if not page:
            return found
        found += page


def code_of(response: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error."""
    return response.status_code, response.json()["error"]["code"]


def error_of(response: httpx.Response) -> tuple[int, str, str]:
    """Return status, code and message of an error."""
    return *code_of(response), response.json()["error"]["message"]


def token(*, algorithm: object = "RS256", signature: str = "c2lnbmF0dXJl", **claims: object) -> str:
    """Return a bearer token that passes, but for what is given; a claim that is None is left out."""
    good: dict[str, object] = {
        "iss": "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/",
        "aud": "https://cognitiveservices.azure.com",
        "exp": 9_999_999_999,
    }
    present = {name: value for name, value in (good | claims).items() if value is not None}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": algorithm, "typ": "JWT"}, present)
    ]
    return ".".join([*parts, signature])


def png(seed: int, *, side: int = 48) -> bytes:
    """Return a grey PNG of `side` × `side` pixels that no emulator drew. Each `seed` gives another image."""
    pixels = bytes((value * (seed * 2 + 7919) * (value ^ seed) >> 5) & 0xFF for value in range(side * side))
    rows = b"".join(b"\0" + pixels[start : start + side] for start in range(0, len(pixels), side))
    image = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    padding = b"comment\0" + seed.to_bytes(4, "big") * 300
    for name, data in ((b"IHDR", header), (b"tEXt", padding), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        image += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return image
