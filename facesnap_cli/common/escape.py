"""Escape characters in the texts of others that could control a terminal, and write texts for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from facesnap_cli.common.patterns import pattern

# Control characters (C0, DEL, C1), line and paragraph separators, directional formatting (which can make a
# terminal show text in another order than it is in), other invisible format characters, lone surrogates.
_HARMFUL = pattern(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_SURROGATE = pattern("[\ud800-\udfff]")
_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_SHOWN_CHARS = 80


def harmless(text: str) -> str:
    """Return `text` on one line, with every character that could control a terminal escaped."""
    return text if _is_plain(text) else _HARMFUL.sub(_visible, text)


def shown(text: str) -> str:
    """Return `text` in quotes for a message: escaped, and cut if it is long."""
    safe = harmless(text)
    return repr(safe if len(safe) <= _SHOWN_CHARS else f"{safe[:_SHOWN_CHARS]}…")


def harmless_json(text: str) -> str:
    r"""Return serialized JSON with the same characters escaped as `\uXXXX`, which JSON reads as the originals.

    Line breaks between tokens stay. Inside strings JSON has escaped them already.
    """
    if _is_plain(text.replace("\n", "")):
        return text
    return _HARMFUL.sub(lambda match: match[0] if match[0] in "\n\t" else _json_escape(match[0]), text)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _visible(match: re.Match[str]) -> str:
    character = match[0]
    number = ord(character)
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def nearest(text: str, choices: Iterable[str]) -> str:
    """Return `; did you mean CHOICE?` for the choice that `text` probably misspells, or an empty text."""
    from difflib import get_close_matches

    by_lower = {choice.lower(): choice for choice in choices}
    found = get_close_matches(text.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[found[0]]}?" if found else ""


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 snapshot`, `2,000 snapshots`. Give `many` for an irregular plural."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def enumerated(texts: Sequence[str], word: str = "and") -> str:
    """Return texts as a list in a sentence: `a, b and c`."""
    *others, last = texts
    return f"{', '.join(others)} {word} {last}" if others else last


def storable(text: str) -> str:
    """Return `text` with U+FFFD in place of lone surrogates, which neither UTF-8 nor SQLite can store."""
    return _SURROGATE.sub("\ufffd", text)


def path_for_storage(path: str) -> str:
    """Return a path in a form that UTF-8 and SQLite can store: itself, or a JSON string if it is not valid Unicode."""
    if not _SURROGATE.search(path):
        return path
    import json

    return json.dumps(path)


def stored_path(text: str) -> str:
    """Return the path that `path_for_storage` made a text of. A path that facesnap stores never begins with a quote."""
    if not text.startswith('"'):
        return text
    import json

    return str(json.loads(text))
