"""Read and write ids. A GUID is 16 bytes in the database, 36 characters in JSON."""

from __future__ import annotations

import re

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_OBJECT_ID = re.compile(r"[a-z0-9_-]{1,64}")


def guid(text: str) -> bytes | None:
    """Return the 16 bytes of a GUID in upper or lower case, or None for any other text."""
    return bytes.fromhex(text.replace("-", "")) if _GUID.fullmatch(text) else None


def guid_text(value: bytes) -> str:
    """Return 16 bytes as a GUID in lower case."""
    digits = value.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_object_id(text: str) -> bool:
    """Return whether `text` may be the id of a group or list: 1 to 64 of a-z 0-9 - _."""
    return _OBJECT_ID.fullmatch(text) is not None
