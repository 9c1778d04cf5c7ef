"""Read values of the service's JSON tolerantly: its spelling of keys changed over the years."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from facesnap_cli.common.errors import UnreachableError
from facesnap_cli.common.escape import storable
from facesnap_cli.common.patterns import pattern

MOST_CHARS = 2000  # of a message, an account, a resource location
_ID = pattern(r"[0-9A-Za-z_-]{1,64}")


def lowered(body: object) -> Mapping[str, Any]:
    """Return a JSON object's items with keys in lower case, or no items for any other value."""
    return {key.lower(): value for key, value in body.items()} if isinstance(body, dict) else {}


def text_of(value: object) -> str | None:
    """Return a text that is not empty, or None."""
    return storable(value) if isinstance(value, str) and value else None


def short_text_of(value: object) -> str | None:
    """Return a text, cut if it is longer than any text that the service means to send."""
    text = text_of(value)
    return f"{text[:MOST_CHARS]}…" if text and len(text) > MOST_CHARS else text


def id_of(keys: Mapping[str, Any], name: str, what: str) -> str:
    """Return an id that is safe in URLs, files and tables. Raises UnreachableError for any other value."""
    value = required_text(keys, name, what)
    if not _ID.fullmatch(value):
        raise UnreachableError(f"the service answered an id of {what} that cannot be one", code="BadAnswer")
    return value


def required_text(keys: Mapping[str, Any], name: str, what: str) -> str:
    """Return a text that `what` must have. Raises UnreachableError without it."""
    value = keys.get(name)
    if not isinstance(value, str) or not value:
        raise UnreachableError(f"the service answered something that is not {what}", code="BadAnswer")
    return value
