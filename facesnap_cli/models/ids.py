"""The form of ids: GUIDs, object ids and the shortest prefix that may stand for one."""

from __future__ import annotations

import re

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
SHORTEST_PREFIX = 6  # characters of an id that name a snapshot or an operation
OBJECT_ID = re.compile(r"[a-z0-9_-]{1,64}")


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None
