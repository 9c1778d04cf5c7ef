"""What can be set: each setting's name, how its value is read, its variable, and its default. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import nearest, parse_duration, shown
from facesnap_cli.common.secret import Secret
from facesnap_cli.models.endpoints import parse_endpoint
from facesnap_cli.models.ids import is_guid
from facesnap_cli.models.validation import check_apply_scope, check_object_id, parse_object_type
from facesnap_cli.network.proxy import Proxy
from facesnap_cli.network.rate_limit import RateLimit

OUTPUT_FORMATS = ("table", "json", "jsonl", "tsv", "id", "none")
API_VERSIONS = ("v1.0", "v1.0-preview", "v1.2")
MOST_HTTP_TIMEOUT_S = 3600.0
_CALLS = re.compile(r"[1-9][0-9]{0,4}")
_VARIABLE = re.compile(r"(?![0-9A-Fa-f]{32}$)[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Field:
    """One setting: how a raw value (a string, or what TOML gives) is read, and its variable and default."""

    parse: Callable[[object], Any]
    help: str
    env: str = ""
    default: Any = None


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise UsageError("must be a text that is not empty")
    return raw.strip()


def _variable(raw: object) -> str:
    text = _text(raw)
    if not _VARIABLE.fullmatch(text):
        raise UsageError("must be a variable's name, not the key itself")
    return text


def _flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise UsageError("must be true or false")


def _secret(raw: object) -> Secret:
    return Secret(_text(raw))


def _choice(choices: tuple[str, ...]) -> Callable[[object], str]:
    def parse(raw: object) -> str:
        text = _text(raw)
        if text.lower() in choices:
            return text.lower()
        raise UsageError(f"{shown(text)} is not one of {', '.join(choices)}{nearest(text, choices)}")

    return parse


def _subscription(raw: object) -> str:
    text = _text(raw)
    if not is_guid(text):
        raise UsageError("a subscription id is a GUID with dashes (a key is not)")
    return text


def _scope(raw: object) -> tuple[str, ...]:
    entries = [raw] if isinstance(raw, str) else raw
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise UsageError("must be a list of subscription ids")
    return check_apply_scope(entries)


def _whole_number(raw: object) -> int:
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 4:
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= 100:
        raise UsageError("must be a whole number from 0 to 100")
    return raw


def _duration(raw: object) -> float:
    if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw < 1e10:
        raw = f"{raw:.3f}"
    seconds = parse_duration(_text(raw))
    if seconds <= 0:
        raise UsageError("must be greater than zero")
    return seconds


def _http_timeout(raw: object) -> float:
    seconds = _duration(raw)
    if seconds > MOST_HTTP_TIMEOUT_S:
        raise UsageError("must be an hour at most")
    return seconds


def _rate_limit(raw: object) -> RateLimit | None:
    text = _text(raw).lower()
    if text == "none":
        return None
    calls, slash, unit = text.partition("/")
    periods = {"s": 1.0, "m": 60.0, "h": 3600.0}
    if not slash or unit not in periods or not _CALLS.fullmatch(calls):
        raise UsageError(f"{shown(text)} is not a rate limit; write for example 10/s, 20/m, or none")
    return RateLimit(int(calls), periods[unit])


def _command(raw: object) -> str | list[str]:
    if isinstance(raw, list) and raw and all(isinstance(part, str) for part in raw):
        return raw
    import shlex

    text = _text(raw)
    try:
        shlex.split(text)
    except ValueError as error:
        raise UsageError(f"cannot be split into words as a shell would: {error}") from None
    return text


FIELDS: Mapping[str, Field] = {
    "endpoint": Field(lambda raw: parse_endpoint(_text(raw)), "the resource's URL", "FACESNAP_ENDPOINT"),
    "api_version": Field(_choice(API_VERSIONS), "the path's version", "FACESNAP_API_VERSION", "v1.0"),
    "subscription_id": Field(_subscription, "the Azure subscription's id", "FACESNAP_SUBSCRIPTION_ID"),
    "apply_scope": Field(_scope, "subscription ids that may apply what is taken", "FACESNAP_APPLY_SCOPE", ()),
    "object_id": Field(lambda raw: check_object_id(_text(raw)), "the object to take", "FACESNAP_OBJECT_ID"),
    "type": Field(lambda raw: parse_object_type(_text(raw)), "the object's type"),
    "output": Field(_choice(OUTPUT_FORMATS), "the output's format", "FACESNAP_OUTPUT", "table"),
    "rate_limit": Field(_rate_limit, "requests per period: 10/s, 20/m, none", default=RateLimit(10, 1.0)),
    "timeout": Field(_duration, "how long to wait for an operation"),
    "poll_interval": Field(_duration, "seconds between two polls, instead of the schedule"),
    "http_timeout": Field(_http_timeout, "seconds for one request", default=30.0),
    "max_retries": Field(_whole_number, "how often a request is sent again", default=4),
    "proxy": Field(lambda raw: Proxy.parse(_text(raw)), "the proxy's URL"),
    "ca_bundle": Field(_text, "a PEM file of the authorities to trust"),
    "keep_journal": Field(_duration, "how long finished operations stay in the journal", default=90 * 86400.0),
    "key": Field(_secret, "the key itself", "FACESNAP_KEY"),
    "key_env": Field(_variable, "the variable that holds the key"),
    "key_file": Field(_text, "the file that holds the key"),
    "key_command": Field(_command, "the command that prints the key"),
    "keyring": Field(_flag, "the key lies in the system's keyring"),
    "auth": Field(_choice(("key", "entra")), "how to authenticate", default="key"),
    "key2": Field(_secret, "the second key itself"),
    "key2_env": Field(_variable, "the variable that holds the second key"),
    "key2_file": Field(_text, "the file that holds the second key"),
    "key2_command": Field(_command, "the command that prints the second key"),
}
SECRET_FIELDS = ("key", "key2")

BUILT_IN_PROFILES: Mapping[str, Mapping[str, Any]] = {
    "emulator": {
        "endpoint": "http://127.0.0.1:8765",
        "key": "a0000000000000000000000000000001",
        "subscription_id": "aaaaaaaa-0000-4000-8000-000000000001",
        "apply_scope": ["bbbbbbbb-0000-4000-8000-000000000002"],
        "rate_limit": "none",
    },
    "emulator-target": {
        "endpoint": "http://127.0.0.1:8765",
        "key": "b0000000000000000000000000000001",
        "subscription_id": "bbbbbbbb-0000-4000-8000-000000000002",
        "rate_limit": "none",
    },
}
