"""Read faults as people write them.

On the command line a fault is `METHOD /path key=value …`, in JSON {"route": "METHOD /path", key: value, …}.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import fields
from http import HTTPStatus
from typing import Any

from facesnap_cli.common.errors import UsageError
from facesnap_cli.emulator.protocol.faults import Fault, json_key


def parse_fault(spec: str) -> Fault:
    """Read `POST /snapshots status=503 count=2`. Values with spaces are quoted. Raises UsageError."""
    try:
        words = shlex.split(spec)
    except (OverflowError, ValueError) as error:
        raise UsageError(f"fault {spec!r}: {error}") from error
    pairs = [word.partition("=") for word in words[2:]]
    if len(words) < 3 or not all(separator for _, separator, _ in pairs):
        raise UsageError(f"fault {spec!r}: write METHOD /path key=value …", hint="e.g. 'POST /snapshots status=503'")
    return fault_from({"route": " ".join(words[:2])} | {key: value for key, _, value in pairs})


def fault_from(document: Mapping[str, Any]) -> Fault:
    """Read a fault from its JSON object. Raises UsageError that names the wrong member."""
    values = dict(document)
    route = values.pop("route", None)
    if not isinstance(route, str) or len(route.split(" ")) != 2:
        raise UsageError("fault: `route` must be METHOD /path, where * stands for anything")
    arguments: dict[str, Any] = {}
    for key, value in values.items():
        if key not in _READERS:
            raise UsageError(f"fault {route}: there is no `{key}`; known are {', '.join(_READERS)}")
        try:
            arguments[_FIELDS[key]] = _READERS[key](value)
        except (OverflowError, TypeError, ValueError) as error:
            choices = f"; choose from {', '.join(_CHOICES[key])}" if key in _CHOICES else ""
            raise UsageError(f"fault {route}: `{key}` cannot be {value!r}{choices}") from error
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
        raise TypeError("not a string")
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


_CHOICES = {
    "envelope": ("error", "gateway"),
    "act": ("always",),
    "drop": ("before", "after"),
    "location": ("missing", "elsewhere", "absolute", "relative", "lower", "upper", "title"),
    "existing": ("operation",),
}


def _choice_of(key: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in _CHOICES[key]:
            raise ValueError("not one of the choices")
        return str(value)

    return read


_READERS: dict[str, Callable[[Any], Any]] = {
    "account": _text,
    "count": _whole,
    "skip": _whole,
    "share": _share,
    "seed": _whole,
    "status": _error_status,
    "code": _text,
    "message": _text,
    "envelope": _choice_of("envelope"),
    "body": _text,
    "redirect": _text,
    "retryAfter": _whole,
    "retryAfterDate": _whole,
    "delay": _seconds,
    "act": _choice_of("act"),
    "drop": _choice_of("drop"),
    "truncate": _whole,
    "location": _choice_of("location"),
    "fail": _text,
    "existing": _choice_of("existing"),
}
_FIELDS = {json_key(item.name): item.name for item in fields(Fault)}
# The keys that do something by themselves. The others change one of these, or choose the calls.
_EFFECTS = {"status", "redirect", "delay", "drop", "truncate", "location", "fail", "existing"}
