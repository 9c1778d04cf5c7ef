"""Compare the names of files and folders with those of persons and faces."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator

from facesnap_cli.common.escape import storable
from facesnap_cli.common.patterns import pattern

# A counter after a name: E1001-2, E1001_2, E1001 2, E1001 (2), E1001(2).
_COUNTER = pattern(r"(?P<name>.*[^\s_-])(?:\s*[-_]\s*\d{1,3}|\s+\d{1,3}|\s*\(\d{1,3}\))\s*", re.DOTALL)
_DIGITS = pattern(r"(\d+)")
_SUFFIX = pattern(r"\.[A-Za-z0-9]{1,5}")
_BARE_NUMBER = pattern(r"\(?\d{1,3}\)?")


def exact(text: str) -> str:
    """Return a name in the form in which names compare and are stored: NFC."""
    return unicodedata.normalize("NFC", storable(text))


def loose(text: str) -> str:
    """Return a name without its case and surrounding blanks."""
    return exact(exact(text).strip().casefold())


def without_counter(text: str) -> str:
    """Return a name without a counter at its end."""
    found = _COUNTER.fullmatch(text)
    return found["name"] if found else text


def is_bare_number(text: str) -> bool:
    """Return whether a name is a counter and nothing else, such as `2` or `(2)`."""
    return bool(_BARE_NUMBER.fullmatch(text.strip()))


def has_digit(text: str) -> bool:
    """Return whether a name has a digit, as employee numbers do and departments do not."""
    return any(character.isdigit() for character in text)


def in_order(text: str) -> tuple[object, ...]:
    """Return the sort key by which `a-2` comes before `a-10`, and `a` before both."""
    stem = text.rpartition(".")[0] or text
    parts = _DIGITS.split(loose(stem))
    return (*((int(part), "") if part.isdecimal() else (-1, part) for part in parts), text)


def stem_of(name: str) -> str:
    """Return a file's name without its suffix."""
    head, dot, tail = name.rpartition(".")
    return head if dot and head and _SUFFIX.fullmatch(f".{tail}") else name


def values_in(user_data: str | None) -> Iterator[tuple[str, str | None]]:
    """Yield the texts in user data that may name a person, each with its key in a JSON object.

    The text itself, without a key, or the texts and numbers directly in its JSON object.
    """
    if not user_data or not user_data.strip():
        return
    if not user_data.lstrip().startswith("{"):
        yield user_data, None
        return
    try:
        document = json.loads(user_data)
    except (ValueError, RecursionError):
        yield user_data, None
        return
    for key, value in document.items():
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            yield str(value), str(key)


def file_name_in(user_data: str | None) -> str | None:
    """Return the relative path that user data may be, with slashes; None if it leads out of a directory."""
    path = (user_data or "").replace("\\", "/").strip()
    parts = [part for part in path.split("/") if part not in ("", ".")]
    is_relative = bool(parts) and not path.startswith("/") and ".." not in parts and "\0" not in path
    return "/".join(parts) if is_relative else None


def endings_of(path: str) -> list[str]:
    """Return the names by which user data may name a file: each end of its path, with and without suffix."""
    parts = path.split("/")
    ends = ["/".join(parts[start:]) for start in range(len(parts))]
    return [name for end in ends for name in both_forms(end)]


def both_forms(path: str) -> list[str]:
    """Return a path with and without its suffix."""
    folder, slash, name = path.rpartition("/")
    return list(dict.fromkeys([path, f"{folder}{slash}{stem_of(name)}"]))
