"""Values as text: JSON, and the cells of tables, measured by the columns that a terminal gives them."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from facesnap_cli.common.escape import harmless, harmless_json

_EMOJI_STYLE = "\ufe0f"  # makes an emoji, two columns wide, of the character before it


def dump(data: Any, indent: int | None = None, *, ascii_only: bool = False) -> str:
    """Return data as JSON that no terminal obeys."""
    return harmless_json(json.dumps(data, indent=indent, ensure_ascii=ascii_only, default=str))


def cell(value: Any) -> str:
    """Return a value as text on one line without tabs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return harmless(",".join(value))
    return harmless(dump(value) if isinstance(value, list | dict) else str(value))


def cells(item: Any) -> list[str]:
    """Return the values of an object or array, or a single value, as cells."""
    values = item.values() if isinstance(item, dict) else item if isinstance(item, list) else [item]
    return [cell(value) for value in values]


def width_of(text: str) -> int:
    """Return how many columns a terminal gives to a text."""
    if text.isascii():
        return len(text)
    width = last = 0
    for character in text:
        if character == _EMOJI_STYLE:
            width, last = width + (last == 1), 0
            continue
        last = _columns_of(character)
        width += last
    return width


def padded(text: str, width: int) -> str:
    """Return a text with spaces up to `width` columns."""
    return text + " " * (width - width_of(text))


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """Return a text of at most `width` columns: its beginning, where it is longer."""
    if width_of(text) <= width:
        return text
    return _beginning(text, width - len(ellipsis)) + ellipsis


def shortened(text: str, width: int) -> str:
    """Return a text of at most `width` columns: beginning and end, which tell ids apart, where it is longer."""
    if width_of(text) <= width:
        return text
    kept = max(0, width - 1)
    end = _beginning(text[::-1], kept // 2)[::-1]
    return f"{_beginning(text, kept - width_of(end))}…{end}"


def _beginning(text: str, width: int) -> str:
    taken = 0
    for number, character in enumerate(text):
        taken += _columns_of(character)
        if taken > width:
            return text[:number]
    return text


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
