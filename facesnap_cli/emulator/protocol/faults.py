"""Faults on demand: answers that the service gives on a bad day.

A fault is written `METHOD /path key=value …` on the command line, {"route": "METHOD /path", key: value, …} in JSON.
"""

from __future__ import annotations

import math
import random
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from email.utils import format_datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any

from facesnap_cli.common.errors import UsageError
from facesnap_cli.emulator.clock import moment, ticks
from facesnap_cli.emulator.protocol.service_errors import ServiceError


class ConnectionDropped(Exception):
    """The connection is to be closed instead of (or in the middle of) an answer."""


@dataclass
class Fault:
    """One fault. Which calls: `route` to `share`; what happens to them: the rest.

    `route` is `METHOD /path` without /face/v1.0, `*` standing for anything; it is held against the call's path and
    against its template (`/snapshots/{snapshotId}/apply`). Of the matching calls `skip` pass, then `count` (None for
    all) are hit, each with probability `share`. `delay` is in seconds, `truncate` in bytes of the body that remain.
    With `act` "always" a delayed call is read before the delay and acted on after it, even if the client has gone.
    A `status` or a `redirect` (to a URL, by 307) takes the place of acting; so does `drop` "before".
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
        """Say whether this call is hit, and count it. `routes` are the names that the call goes by."""
        if self.account not in (None, account) or not any(fnmatchcase(route, self.route) for route in routes):
            return False
        self.matched += 1
        if self.matched <= self.skip or self.fired == self.count or self._random.random() >= self.share:
            return False
        self.fired += 1
        return True

    @property
    def survives_disconnect(self) -> bool:
        """Whether the call takes effect although its client may have gone during the delay."""
        return self.act == "always"

    @property
    def replaces_acting(self) -> bool:
        """Whether the call has no effect but this fault's."""
        return self.status is not None or self.redirect is not None or self.drop == "before"

    def refusal(self, now: int) -> ServiceError:
        """Return the error of a fault with a `status`; `now` is in ticks."""
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

    def document(self) -> dict[str, object]:
        """Return the fault as /_emulator/faults shows it."""
        given = {name: value for name, key in _KEYS.items() if (value := getattr(self, key)) != _DEFAULTS.get(key)}
        return {"route": self.route} | given | {"matched": self.matched, "fired": self.fired}


class Faults:
    """The faults in force. The first that hits a call is the only one it suffers."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = list(faults)

    def add(self, fault: Fault) -> None:
        """Put one more fault in force, after the others."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Lift all faults."""
        self._faults.clear()

    def pick(self, routes: Iterable[str], account: str | None) -> Fault | None:
        """Return the fault that hits this call."""
        routes = tuple(routes)
        return next((fault for fault in self._faults if fault.hits(routes, account)), None)

    def document(self) -> list[dict[str, object]]:
        """Return all faults with how many calls they matched and hit."""
        return [fault.document() for fault in self._faults]


def parse_fault(spec: str) -> Fault:
    """Read `POST /snapshots status=503 count=2`. Values with blanks are quoted. Raises UsageError."""
    try:
        words = shlex.split(spec)
    except (OverflowError, ValueError) as error:
        raise UsageError(f"fault {spec!r}: {error}") from error
    pairs = [word.partition("=") for word in words[2:]]
    if len(words) < 3 or not all(separator for _, separator, _ in pairs):
        raise UsageError(f"fault {spec!r}: write METHOD /path key=value …", hint="e.g. 'POST /snapshots status=503'")
    return fault_from({"route": " ".join(words[:2])} | {key: value for key, _, value in pairs})


def fault_from(document: Mapping[str, Any]) -> Fault:
    """Read a fault from its JSON object. Raises UsageError naming the member that is wrong."""
    values = dict(document)
    route = values.pop("route", None)
    if not isinstance(route, str) or len(route.split(" ")) != 2:
        raise UsageError("fault: `route` must be METHOD /path, where * stands for anything")
    arguments: dict[str, Any] = {}
    for key, value in values.items():
        if key not in _KEYS:
            raise UsageError(f"fault {route}: there is no `{key}`; known are {', '.join(_KEYS)}")
        try:
            arguments[_KEYS[key]] = _READERS[key](value)
        except (OverflowError, TypeError, ValueError) as error:
            raise UsageError(f"fault {route}: `{key}` cannot be {value!r}{_choices(key)}") from error
    if not _EFFECTS & arguments.keys():
        raise UsageError(f"fault {route}: it does nothing; give one of {', '.join(sorted(_EFFECTS))}")
    fault = Fault(route, **arguments)
    if fault.survives_disconnect and (not fault.delay or fault.replaces_acting):
        raise UsageError(
            f"fault {route}: `act` needs `delay`, and a call that acts: no status, redirect or drop=before"
        )
    return fault


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a string is wanted")
    return value


def _whole(value: Any) -> int:
    number = int(value)
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _seconds(value: Any) -> float:
    number = float(value)
    if not 0 <= number < math.inf:
        raise ValueError("must not be negative")
    return number


def _share(value: Any) -> float:
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError("must be between 0 and 1")
    return number


def _error_status(value: Any) -> int:
    return HTTPStatus(int(value)).value


_ALLOWED = {
    "envelope": ("error", "gateway"),
    "act": ("always",),
    "drop": ("before", "after"),
    "location": ("missing", "elsewhere", "absolute", "lower", "upper", "title"),
    "existing": ("operation",),
}


def _one_of(key: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in _ALLOWED[key]:
            raise ValueError("not one of the choices")
        return str(value)

    return read


def _choices(key: str) -> str:
    return f"; choose from {', '.join(_ALLOWED[key])}" if key in _ALLOWED else ""


_READERS: dict[str, Callable[[Any], Any]] = {
    "account": _text,
    "count": _whole,
    "skip": _whole,
    "share": _share,
    "seed": _whole,
    "status": _error_status,
    "code": _text,
    "message": _text,
    "envelope": _one_of("envelope"),
    "body": _text,
    "redirect": _text,
    "retryAfter": _whole,
    "retryAfterDate": _whole,
    "delay": _seconds,
    "act": _one_of("act"),
    "drop": _one_of("drop"),
    "truncate": _whole,
    "location": _one_of("location"),
    "fail": _text,
    "existing": _one_of("existing"),
}
_KEYS = {key: "".join(f"_{char.lower()}" if char.isupper() else char for char in key) for key in _READERS}
_DEFAULTS = {item.name: item.default for item in fields(Fault)}
_EFFECTS = {"status", "redirect", "delay", "drop", "truncate", "location", "fail", "existing"}
