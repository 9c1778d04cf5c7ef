"""Inject faults: choose the calls that a fault hits, and disturb their responses."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from email.utils import format_datetime
from fnmatch import fnmatchcase
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from facesnap_cli.emulator.clock import moment, ticks
from facesnap_cli.emulator.protocol.encode import error_response
from facesnap_cli.emulator.protocol.service_errors import ServiceError


class ConnectionDropped(Exception):
    """The connection must be closed instead of, or in the middle of, a response."""


@dataclass
class Fault:
    """A fault. The fields from `route` to `seed` choose the calls, the others say what happens to them.

    `route` is `METHOD /path` without /face/v1.0, in which * matches anything. It matches a call by its path or by its
    template (`/snapshots/{snapshotId}/apply`). Of the matching calls, the first `skip` pass, then `count` (None for
    all) are hit, each with probability `share`.

    `delay` is in seconds; `truncate` is the number of bytes of the body that are sent. With `act` "always" a delayed
    call is read before the delay and acted on after it, even if the client has gone. With a `status`, a `redirect`
    (by 307 to this URL) or `drop` "before", the call has no effect.
    """

    route: str
    account: str | None = None
    count: int | None = None
    skip: int = 0
    share: float = 1.0
    seed: int = 0
    status: int | None = None
    code: str | None = None
    message: str | None = None
    envelope: str = "error"
    body: str | None = None
    redirect: str | None = None
    retry_after: int | None = None
    retry_after_date: int | None = None
    delay: float = 0.0
    act: str | None = None
    drop: str | None = None
    truncate: int | None = None
    location: str | None = None
    fail: str | None = None
    existing: str | None = None
    matched: int = field(default=0, init=False)
    fired: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable on purpose

    def hits(self, routes: Iterable[str], account: str | None) -> bool:
        """Return whether this call is hit, and count it. `routes` has its path and its template."""
        if self.account not in (None, account) or not any(fnmatchcase(route, self.route) for route in routes):
            return False
        self.matched += 1
        if self.matched <= self.skip or self.fired == self.count or self._random.random() >= self.share:
            return False
        self.fired += 1
        return True

    @property
    def survives_disconnect(self) -> bool:
        """Whether the call takes effect even if the client goes during the delay."""
        return self.act == "always"

    @property
    def replaces_acting(self) -> bool:
        """Whether the call has no effect, because the fault responds instead."""
        return self.status is not None or self.redirect is not None or self.drop == "before"

    def replacement(self, now: int) -> Response:
        """Return the response of a fault that replaces acting; `now` is in ticks. Raises ConnectionDropped."""
        if self.drop == "before":
            raise ConnectionDropped
        if self.redirect is not None:
            return Response(status_code=307, headers={"Location": self.redirect})
        error = self._error(now)
        if self.body is not None:
            return Response(self.body, error.status, media_type="text/html")
        return error_response(error)

    def disturb(self, response: Response, base: str) -> Response:
        """Return the response after the fault. `base` is the URL of the version. Raises ConnectionDropped."""
        if self.drop == "after":
            raise ConnectionDropped
        if self.location is not None:
            response.raw_headers = [
                header for name, value in response.raw_headers for header in _location(name, value, self.location, base)
            ]
        if self.truncate is not None:
            return _TruncatedResponse(response, self.truncate)
        return response

    def document(self) -> dict[str, object]:
        """Return the fault's JSON in /_emulator/faults, without the members that have their defaults."""
        given = {
            json_key(item.name): value for item in fields(self) if (value := getattr(self, item.name)) != item.default
        }
        return given | {"matched": self.matched, "fired": self.fired}

    def _error(self, now: int) -> ServiceError:
        assert self.status is not None
        phrase = HTTPStatus(self.status).phrase
        too_many = self.status == HTTPStatus.TOO_MANY_REQUESTS
        retry_after = None if self.retry_after is None else str(self.retry_after)
        if self.retry_after_date is not None:
            retry_after = format_datetime(moment(now + ticks(self.retry_after_date)), usegmt=True)
        return ServiceError(
            self.status,
            self.code or ("429" if too_many else phrase.title().replace(" ", "")),
            self.message or ("Rate limit is exceeded." if too_many else f"{phrase}."),
            envelope="gateway" if self.envelope == "gateway" else "error",
            retry_after=retry_after,
        )


class Faults:
    """The active faults. At most one hits a call: the first that matches."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = list(faults)

    def add(self, fault: Fault) -> None:
        """Add a fault after the others."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def pick(self, routes: Iterable[str], account: str | None) -> Fault | None:
        """Return the fault that hits this call, or None."""
        routes = tuple(routes)
        return next((fault for fault in self._faults if fault.hits(routes, account)), None)

    def document(self) -> list[dict[str, object]]:
        """Return the JSON of /_emulator/faults: all faults, with how many calls they matched and hit."""
        return [fault.document() for fault in self._faults]


def json_key(name: str) -> str:
    """Return the JSON key of a field of Fault: `retryAfter` for `retry_after`."""
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


def _location(name: bytes, value: bytes, change: str, base: str) -> list[tuple[bytes, bytes]]:
    """Return a header after a change of Operation-Location, as a list of one header or none."""
    if name.lower() != b"operation-location":
        return [(name, value)]
    path = value.removeprefix(base.encode())  # that of a training is absolute already
    return {
        "missing": [],
        "elsewhere": [(name, b"https://face-internal.invalid:8443/face/v1.0" + path)],
        "absolute": [(name, base.encode() + path)],
        "relative": [(name, path)],
        "lower": [(b"operation-location", value)],
        "upper": [(b"OPERATION-LOCATION", value)],
        "title": [(b"Operation-Location", value)],
    }[change]


class _TruncatedResponse(Response):
    """A response that announces the length of its body, but sends only the first `size` bytes."""

    def __init__(self, whole: Response, size: int) -> None:
        super().__init__(whole.body, whole.status_code)
        self.raw_headers = whole.raw_headers
        self._size = size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: self._size], "more_body": True})
        raise ConnectionDropped
