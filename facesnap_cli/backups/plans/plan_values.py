"""Read the values that only plans have. Every parser raises UsageError, which says what is wrong."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from facesnap_cli.backups.copies.copy_parameters import TargetName
from facesnap_cli.backups.plans.plan_keys import KEEP_KEYS
from facesnap_cli.backups.retention import Keep
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.config.paths import user_path
from facesnap_cli.config.values import near, text_value
from facesnap_cli.models.endpoints import LOOPBACK_HOSTS
from facesnap_cli.operations.parameters import VerifyLevel

MOST_JOBS = 64


def jobs_value(raw: object) -> int:
    """Return a number of parallel jobs."""
    if isinstance(raw, int) and not isinstance(raw, bool) and 1 <= raw <= MOST_JOBS:
        return raw
    raise UsageError(f"must be a whole number from 1 to {MOST_JOBS}")


def targets_value(raw: object, name: str) -> tuple[TargetName, ...]:
    """Return the targets of an item."""
    entries = [raw] if isinstance(raw, str) else raw
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, str) for entry in entries):
        raise UsageError("must be a list of targets", hint='write for example to = ["dr:employees-{date}"]')
    return tuple(_with_path(TargetName.parse(entry, name)) for entry in entries)


def _with_path(target: TargetName) -> TargetName:
    """Return a target whose file, if it is one, has its home directory's full path. Raises UsageError."""
    if target.profile != "file" or target.template is None:
        return target
    text = target.template.text
    if text == "-" or text.endswith("/"):
        raise UsageError(f"{harmless(text)!r} in file: names no file")
    return replace(target, template=replace(target.template, text=_expanded(text)))


def _expanded(text: str) -> str:
    """Return a path as it is written, with the home directory in place of `~`. Raises UsageError."""
    path = str(user_path(text))
    return path if text.startswith("~") else text


def method_value(raw: object) -> str:
    """Return `snapshot` or `export`."""
    text = text_value(raw)
    if text not in ("snapshot", "export"):
        raise UsageError(f"{harmless(text)!r} is neither snapshot nor export")
    return text


def level_value(raw: object) -> VerifyLevel:
    """Return a level of verification."""
    text = text_value(raw).lower()
    if text not in tuple(VerifyLevel):
        raise UsageError(f"{harmless(text)!r} is not one of {', '.join(VerifyLevel)}")
    return VerifyLevel(text)


def keep_value(raw: object) -> Keep:
    """Return how many copies to keep."""
    if not isinstance(raw, dict) or not raw:
        raise UsageError("must be a table such as { last = 3, daily = 7 }")
    for key, count in raw.items():
        if key not in KEEP_KEYS:
            raise UsageError(f"unknown key {harmless(key)!r}{near(key, KEEP_KEYS)}")
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise UsageError(f"{key} must be a whole number of 1 or more")
    return Keep(**raw)


def path_value(raw: object, name: str) -> str:
    """Read a path, in which `{name}` stands for the item's name."""
    path = _expanded(text_value(raw)).replace("{name}", name)
    if "{" in path or "}" in path:
        raise UsageError("only {name} stands for something in it")
    return path


def url_value(raw: object) -> str:
    """Return an https URL, or an http URL of this machine."""
    text = text_value(raw)
    try:
        parts = urlsplit(text)
    except ValueError:
        raise UsageError("must be an https URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or harmless(text) != text or " " in text:
        raise UsageError("must be an https URL")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise UsageError("must be https, except to this machine")
    return text
