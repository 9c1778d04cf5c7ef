"""Check ids, and find items by a prefix of their id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import shown
from facesnap_cli.common.patterns import pattern

_GUID = pattern(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
SHORTEST_PREFIX = 6  # characters of an id that name a snapshot, an operation or a transfer
OBJECT_ID = pattern(r"[a-z0-9_-]{1,64}")
Item = TypeVar("Item")


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None


def find_by_prefix(prefix: str, find_all: Callable[[str], Sequence[Item]], noun: str) -> Item | None:
    """Return the only item whose id starts with a prefix; None without one.

    A prefix shorter than SHORTEST_PREFIX finds nothing. `find_all` returns the items whose ids start with a prefix in
    lower case. Raises UsageError if there are several.
    """
    found = find_all(prefix.lower()) if len(prefix) >= SHORTEST_PREFIX else []
    if len(found) > 1:
        raise UsageError(f"{shown(prefix)} begins the ids of {len(found)} {noun}", hint="give more of it")
    return found[0] if found else None
