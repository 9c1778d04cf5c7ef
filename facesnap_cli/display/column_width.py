"""Measure, cut and wrap text by the columns that a terminal gives it."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TextIO

from facesnap_cli.common.hints import command_line

# Text, or the words of a command line.
Part = str | Sequence[str]
_DEEPER = "    "
_USUAL_WIDTH = 80  # of a terminal that does not tell its own
_GO_ON = " \\"
_EMOJI_STYLE = "\ufe0f"  # makes an emoji, two columns wide, of the character before it


def terminal_width(stream: TextIO) -> int:
    """Return the columns of the terminal to which a stream leads; 0 if it leads elsewhere."""
    if not stream.isatty():
        return 0
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_WIDTH
    except OSError:
        return _USUAL_WIDTH


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


def wrapped(parts: Iterable[Part], width: int, *, first: str = "", indent: str = "") -> list[str]:
    """Return text on lines of at most `width` columns; 0 is no limit. The first line begins with `first`.

    Each line after it begins with `indent`. No word is broken, so that a longer word makes a longer line. A command
    that does not fit begins a line of its own; a longer one goes on after a backslash, as shells read it.
    """
    if not width:
        return [first + "".join(part if isinstance(part, str) else command_line(part) for part in parts)]
    lines, line, is_empty = list[str](), first, True
    for units in _unbroken(parts):
        text = " ".join(units)
        if width_of(f"{line} {text}") <= width + is_empty:
            line += text if is_empty else f" {text}"
        else:
            if not is_empty or width_of(line) > width_of(indent):
                lines, line = [*lines, line.rstrip()], indent
            *most, line = _continued(units, width, line, indent + _DEEPER)
            lines += most
        is_empty = False
    return [*lines, line]


def _unbroken(parts: Iterable[Part]) -> Iterator[list[str]]:
    """Yield the words of the text, and each command as the units between which it may be continued."""
    current = [""]
    for part in parts:
        words = [[word] for word in part.split(" ")] if isinstance(part, str) else [_units(part)]
        current = [*current[:-1], current[-1] + words[0][0], *words[0][1:]]
        for word in words[1:]:
            if current != [""]:
                yield current
            current = word
    if current != [""]:
        yield current


def _units(words: Sequence[str]) -> list[str]:
    """Return the quoted words of a command line, each option together with its value."""
    units: list[str] = []
    for before, word in pairwise(["", *words]):
        if before.startswith("--") and not word.startswith("-"):
            units[-1] += f" {command_line([word])}"
        else:
            units.append(command_line([word]))
    return units


def _continued(units: Sequence[str], width: int, first: str, indent: str) -> list[str]:
    lines, line = list[str](), first + units[0]
    for number, unit in enumerate(units[1:], 2):
        ending = _GO_ON if number < len(units) else ""
        if width_of(f"{line} {unit}{ending}") <= width:
            line += f" {unit}"
        else:
            lines.append(line + _GO_ON)
            line = indent + unit
    return [*lines, line]
