"""Read single values of the configuration and of plans. Every parser raises UsageError, which says what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Generic, TypeVar

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import nearest, shown
from facesnap_cli.common.patterns import pattern
from facesnap_cli.common.secret import Secret
from facesnap_cli.common.time_format import parse_duration, written_duration
from facesnap_cli.config.paths import user_path, without_nul
from facesnap_cli.models.endpoints import parse_endpoint
from facesnap_cli.models.ids import is_guid
from facesnap_cli.models.validation import check_apply_scope, check_object_id, parse_object_type
from facesnap_cli.network.proxy import Proxy
from facesnap_cli.network.rate_limit import AUTO, RateLimit

V = TypeVar("V")
MOST_HTTP_TIMEOUT_S = 3600.0
_CALLS = pattern(r"[1-9][0-9]{0,4}")
_VARIABLE = pattern(r"(?![0-9A-Fa-f]{32}$)[A-Za-z_][A-Za-z0-9_]{0,63}")
_PERIODS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def text_value(raw: object) -> str:
    """Return a text without the whitespace around it."""
    if not isinstance(raw, str) or not raw.strip():
        raise UsageError("must be a text that is not empty")
    return raw.strip()


def path_value(raw: object) -> str:
    """Return a path as it is written. Raises UsageError if it cannot be one."""
    return without_nul(text_value(raw))


def flag_value(raw: object) -> bool:
    """Return a boolean of TOML."""
    if isinstance(raw, bool):
        return raw
    raise UsageError("must be true or false")


def duration_value(raw: object) -> float:
    """Return the seconds of a duration such as `90s`, or of a number of seconds."""
    if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw < 1e10:
        raw = f"{raw:.3f}"
    seconds = parse_duration(text_value(raw))
    if seconds <= 0:
        raise UsageError("must be greater than zero")
    return seconds


def http_timeout_value(raw: object) -> float:
    """Return the seconds of a duration of an hour at most."""
    seconds = duration_value(raw)
    if seconds > MOST_HTTP_TIMEOUT_S:
        raise UsageError("must be an hour at most")
    return seconds


def retries_value(raw: object) -> int:
    """Return a whole number from 0 to 100."""
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 4:
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= 100:
        raise UsageError("must be a whole number from 0 to 100")
    return raw


def variable_value(raw: object) -> str:
    """Return the name of an environment variable. Refuses what looks like a key, without repeating it."""
    text = text_value(raw)
    if not _VARIABLE.fullmatch(text):
        raise UsageError("must be a variable's name, not the key itself")
    return text


def subscription_value(raw: object) -> str:
    """Return the id of an Azure subscription."""
    text = text_value(raw)
    if not is_guid(text):
        raise UsageError("a subscription id is a GUID with dashes (a key is not)")
    return text


def scope_value(raw: object) -> tuple[str, ...]:
    """Return the subscription ids of a list, or of a text in which commas separate them."""
    entries = [raw] if isinstance(raw, str) else raw
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise UsageError("must be a list of subscription ids")
    return check_apply_scope(entries)


def rate_limit_value(raw: object) -> RateLimit | None:
    """Return the limit that `auto`, `10/s` or `20/m` stands for, None for `none`."""
    text = text_value(raw).lower()
    if text == "auto":
        return AUTO
    if text == "none":
        return None
    calls, slash, unit = text.partition("/")
    if not slash or unit not in _PERIODS or not _CALLS.fullmatch(calls):
        raise UsageError(f"{shown(text)} is not a rate limit; write for example auto, 10/s, 20/m, or none")
    return RateLimit(int(calls), _PERIODS[unit])


def command_value(raw: object) -> str | list[str]:
    """Return a command as a text that splits into words as a shell splits it, or as a list of words."""
    if isinstance(raw, list) and raw and all(isinstance(part, str) for part in raw):
        return raw
    import shlex

    text = text_value(raw)
    try:
        shlex.split(text)
    except ValueError as error:
        raise UsageError(f"cannot be split into words as a shell would: {error}") from None
    return text


def near(key: str, choices: Collection[str]) -> str:
    """Return the choice that `key` probably is a misspelling of, or all choices, for the end of a message."""
    return nearest(key, choices) or f"; there are {', '.join(choices)}"


class ValueType(Generic[V]):
    """A kind of value: reads it, writes it to TOML and shows it."""

    __slots__ = ("parse",)

    def __init__(self, parse: Callable[[object], V]):
        self.parse = parse

    def in_file(self, raw: object, directory: Path) -> V:
        """Return a value of the configuration file that lies in `directory`. Raises UsageError."""
        return self.parse(raw)

    def for_toml(self, given: object) -> object:
        """Return what the file holds for a value of the command line. Raises UsageError."""
        return self.parse(given)

    def show(self, value: V) -> object:
        """Return a value for people and for JSON, in a form that `config set` takes."""
        return value


class VerbatimType(ValueType[V]):
    """Values that the file holds as they were typed: `90s`, `10/s`, a URL."""

    __slots__ = ()

    def for_toml(self, given: object) -> object:
        self.parse(given)
        return str(given)

    def show(self, value: V) -> object:
        return str(value)


class RateLimitType(VerbatimType[RateLimit | None]):
    __slots__ = ()

    def show(self, value: RateLimit | None) -> object:
        return str(value or "none")


class DurationType(VerbatimType[float]):
    __slots__ = ()

    def show(self, value: float) -> object:
        return written_duration(value)


class FlagType(ValueType[bool]):
    __slots__ = ()

    def for_toml(self, given: object) -> object:
        words = {"true": True, "false": False}
        return self.parse(words.get(given.lower(), given) if isinstance(given, str) else given)


class ScopeType(ValueType[tuple[str, ...]]):
    __slots__ = ()

    def for_toml(self, given: object) -> object:
        return list(self.parse(given))

    def show(self, value: tuple[str, ...]) -> object:
        return list(value)


class PathType(ValueType[str]):
    """Paths. In the file they start at the file's directory, on the command line at the current one."""

    __slots__ = ()

    def in_file(self, raw: object, directory: Path) -> str:
        return str(directory / user_path(self.parse(raw)))

    def for_toml(self, given: object) -> object:
        path = self.parse(given)
        return path if path.startswith("~") else os.path.abspath(path)


class KeyPathType(PathType):
    """Paths of key files, which may begin with a variable: they are expanded when the key is read."""

    __slots__ = ()

    def in_file(self, raw: object, directory: Path) -> str:
        return self.parse(raw)

    def for_toml(self, given: object) -> object:
        path = self.parse(given)
        return path if path.startswith("$") else super().for_toml(path)


def choice_of(*choices: str) -> ValueType[str]:
    """Return the type of a text that is one of `choices`, in any case."""

    def parse(raw: object) -> str:
        text = text_value(raw)
        if text.lower() in choices:
            return text.lower()
        raise UsageError(f"{shown(text)} is not one of {', '.join(choices)}{nearest(text, choices)}")

    return ValueType(parse)


ENDPOINT = ValueType(lambda raw: parse_endpoint(text_value(raw)))
SUBSCRIPTION = ValueType(subscription_value)
SCOPE = ScopeType(scope_value)
OBJECT_ID = ValueType(lambda raw: check_object_id(text_value(raw)))
OBJECT_TYPE = ValueType(lambda raw: parse_object_type(text_value(raw)))
RATE_LIMIT = RateLimitType(rate_limit_value)
DURATION = DurationType(duration_value)
HTTP_TIMEOUT = DurationType(http_timeout_value)
RETRIES = ValueType(retries_value)
PROXY = VerbatimType(lambda raw: Proxy.parse(text_value(raw)))
PATH = PathType(path_value)
KEY = VerbatimType(lambda raw: Secret(text_value(raw)))
KEY_VARIABLE = ValueType(variable_value)
KEY_PATH = KeyPathType(path_value)
KEY_COMMAND = ValueType(command_value)
FLAG = FlagType(flag_value)
