"""Measure and cut text by the columns that a terminal gives it."""

from __future__ import annotations

import unicodedata

_EMOJI_STYLE = "\ufe0f"  # makes an emoji, two columns wide, of the character before it


def width_of(text: str) -> int:
    """Return how many columns a text takes at a terminal."""
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
    """Return a text of at most `width` columns, without its end if it is longer."""
    if width_of(text) <= width:
        return text
    return _beginning(text, width - len(ellipsis)) + ellipsis


def shortened(text: str, width: int, ellipsis: str = "…") -> str:
    """Return a text of at most `width` columns, without its middle if it is longer.

    The beginning and the end of ids tell them apart.
    """
    if width_of(text) <= width:
        return text
    kept = max(0, width - len(ellipsis))
    end = _beginning(text[::-1], kept // 2)[::-1]
    return f"{_beginning(text, kept - width_of(end))}{ellipsis}{end}"


def ellipsis_for(encoding: str) -> str:
    """Return the sign for what is left out, in an encoding that has it."""
    return "…" if encoding.lower().startswith("utf") else "..."


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
