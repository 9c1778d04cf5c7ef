"""Where a plan's keys stand in its file: TOML readers do not say."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADER = re.compile(r"\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?")


@dataclass(frozen=True, slots=True)
class PlanLines:
    """The lines of a plan. Item 0 is the first `[[backup]]`; line numbers begin at 1."""

    lines: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> PlanLines:
        return cls(tuple(text.splitlines()))

    def line(self, table: str, key: str = "", number: int = 0) -> int:
        """Return the line of a key in the table's `number`th occurrence; else the table's line; else 1."""
        start = self._header(table, number)
        if start is None:
            return self._assignment(table, range(len(self.lines))) or 1
        if not key:
            return start + 1
        own = self._section(start)
        return self._assignment(key, own) or self._nested(f"{table}.{key}", own.stop) or start + 1

    def top(self, key: str) -> int:
        """Return the line of a key before the first table; else that of a table of that name; else 1."""
        end = next((n for n, line in enumerate(self.lines) if _HEADER.fullmatch(line)), len(self.lines))
        return self._assignment(key, range(end)) or self._nested(key, 0) or 1

    def _header(self, table: str, number: int) -> int | None:
        found = [n for n, line in enumerate(self.lines) if (match := _HEADER.fullmatch(line)) and match[1] == table]
        return found[number] if number < len(found) else None

    def _section(self, start: int) -> range:
        after = range(start + 1, len(self.lines))
        end = next((n for n in after if _HEADER.fullmatch(self.lines[n])), len(self.lines))
        return range(start + 1, end)

    def _nested(self, table: str, start: int) -> int | None:
        """Return the line of a header that stands at or behind `start`."""
        numbered = enumerate(self.lines[start:], start + 1)
        return next((n for n, line in numbered if (match := _HEADER.fullmatch(line)) and match[1] == table), None)

    def _assignment(self, key: str, lines: range) -> int | None:
        pattern = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""")
        return next((n + 1 for n in lines if pattern.match(self.lines[n])), None)
