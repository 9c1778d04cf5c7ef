"""Find the line of every table and key in TOML text: the standard library does not report lines."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from typing import NamedTuple

from facesnap_cli.common.patterns import pattern

Keys = tuple[str | int, ...]
"""The way to a table or value: names of keys, and numbers of elements in arrays, from 0."""

_BASIC, _LITERAL = r'"(?:[^"\\\n]++|\\.)*+"', r"'[^'\n]*+'"
_BLANK = pattern(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_COMMENT = pattern(r"#[^\r\n]*+")
_KEY = pattern(rf"[ \t]*+({_BASIC}|{_LITERAL}|[A-Za-z0-9_-]++)[ \t]*+")
# A text of several lines ends with three quotes; up to two more in front of them belong to it.
_SCALAR = pattern(
    rf'"""(?:[^"\\]++|\\.|"(?!""))*+"{{3,5}}|\'\'\'(?:[^\']++|\'(?!\'\'))*+\'{{3,5}}|{_BASIC}|{_LITERAL}|[^,\]}}#\r\n]++',
    re.DOTALL,
)


class Statement(NamedTuple):
    """A header or an assignment: its table or key, and its first and last line."""

    keys: Keys
    first: int
    last: int
    is_header: bool

    def concerns(self, keys: Keys) -> bool:
        """Return whether the statement says something of a table or key, or of a part of it."""
        return self.keys[: len(keys)] == keys or (not self.is_header and keys[: len(self.keys)] == self.keys)


class LineNumbers:
    """The lines of valid TOML text. Line numbers begin at 1."""

    def __init__(self, text: str):
        self.statements: list[Statement] = []
        self.values: dict[Keys, tuple[int, int]] = {}  # positions in the text
        self.comments: list[tuple[int, str]] = []
        self._text = text
        self._line_ends = [match.start() for match in re.finditer("\n", text)]
        self._explicit: dict[Keys, int] = {}
        self._implied: dict[Keys, int] = {}  # tables that the keys of their contents make
        self._last_elements: dict[Keys, int] = {}
        self._read_statements()

    def line(self, *keys: str | int) -> int | None:
        """Return the line of a table or key, None if the text does not have it."""
        return self._explicit.get(keys) or self._implied.get(keys)

    def line_at(self, position: int) -> int:
        """Return the line of a position in the text."""
        return bisect_left(self._line_ends, position) + 1

    def _read_statements(self) -> None:
        table: Keys = ()
        position = self._skip_blank(0)
        while position < len(self._text):
            start = position
            brackets = 2 if self._text.startswith("[[", start) else int(self._text[start] == "[")
            names, position = self._read_key(start + brackets)
            if brackets:
                keys = table = self._table(names, is_element=brackets == 2)
                position += brackets
                self._note((), keys, start)
            else:
                keys = table + names
                self._note(table, keys, start)
                position = self._read_value(self._skip_blank(position + 1), keys)
            self.statements.append(Statement(keys, self.line_at(start), self.line_at(position - 1), bool(brackets)))
            position = self._skip_blank(position)

    def _table(self, names: Keys, *, is_element: bool) -> Keys:
        """Return the way to the table of a header. In an array of tables it leads through the last element."""
        keys: Keys = ()
        for number, name in enumerate(names, 1):
            keys += (name,)
            if is_element and number == len(names):
                self._last_elements[keys] = self._last_elements.get(keys, -1) + 1
            if keys in self._last_elements:
                keys += (self._last_elements[keys],)
        return keys

    def _note(self, table: Keys, keys: Keys, position: int) -> None:
        line = self.line_at(position)
        self._explicit.setdefault(keys, line)
        for length in range(len(table) + 1, len(keys)):
            self._implied.setdefault(keys[:length], line)

    def _read_key(self, position: int) -> tuple[Keys, int]:
        names: list[str] = []
        while match := _KEY.match(self._text, position):
            names.append(_key_name(match[1]))
            position = match.end()
            if not self._text.startswith(".", position):
                break
            position += 1
        return tuple(names), position

    def _read_value(self, start: int, keys: Keys) -> int:
        """Return the position behind a value. Notes the keys in it if it is an array or an inline table."""
        opening = self._text[start]
        if opening in "[{":
            position = self._skip_blank(start + 1)
        if opening == "[":
            element = 0
            while self._text[position] != "]":
                self._note(keys, (*keys, element), position)
                position = self._skip_separator(self._read_value(position, (*keys, element)))
                element += 1
            end = position + 1
        elif opening == "{":
            while self._text[position] != "}":
                names, equals = self._read_key(position)
                self._note(keys, keys + names, position)
                position = self._skip_separator(self._read_value(self._skip_blank(equals + 1), keys + names))
            end = position + 1
        else:
            match = _SCALAR.match(self._text, start)
            assert match
            end = start + len(match[0].rstrip())
        self.values[keys] = (start, end)
        return end

    def _skip_separator(self, position: int) -> int:
        position = self._skip_blank(position)
        return self._skip_blank(position + 1) if self._text[position] == "," else position

    def _skip_blank(self, position: int) -> int:
        """Return the position behind white space and comments, which are recorded."""
        match = _BLANK.match(self._text, position)
        assert match
        if "#" in match[0]:
            self.comments += [
                (found.start(), found[0]) for found in _COMMENT.finditer(self._text, position, match.end())
            ]
        return match.end()


def _key_name(text: str) -> str:
    if text[0] not in "\"'":
        return text
    return str(tomllib.loads(f"name = {text}")["name"]) if "\\" in text else text[1:-1]
