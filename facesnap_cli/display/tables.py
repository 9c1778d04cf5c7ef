"""Lay documents out as tables: for programs a line for each, for people what fits the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any

from facesnap_cli.common.hints import Command
from facesnap_cli.common.patterns import pattern
from facesnap_cli.common.time_format import format_duration, format_left, parse_time
from facesnap_cli.display.cell_text import cell
from facesnap_cli.display.column_width import Part, cut, padded, width_of, wrapped
from facesnap_cli.display.columns import LONGEST_CELLS, Layout
from facesnap_cli.display.sentences import SHORT_ID, Document, size_in_words

LONGEST_DETAIL = 500
_GAP = "  "
_NARROWEST_TAIL = 16
_ROOM_FOR_LONG = 26  # enough for most ids; longer ids are shown below the line
_GO_ON = "to go on:"
_NOTHING: tuple[object, ...] = (None, "", [])
_IDS = frozenset(("id", "operationId", "snapshotId"))
_FRACTION = pattern(r"(?<=T\d\d:\d\d:\d\d)\.\d+Z$")
_CAMEL = pattern(r"(?<=[a-z])(?=[A-Z])")
# Not shown of a single document to a person: these are for programs, or another line says the same in words.
_FOR_PROGRAMS = frozenset(("resourceLocation", "lastActionTime", "secondsLeft", "intent"))
_TITLES = {
    "expiresTime": "expires in",
    "elapsedSeconds": "took",
    "secondsLeft": "left",
    "difference": "what",
    "trainedTime": "trained",
    "takenTime": "taken",
    "bytes": "size",
    "standing": "status",
    "operationId": "operation",
    "place": "target",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table at a terminal."""

    text: str
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Lays tables out. Times that are left count from `now`; `ellipsis` ends a text that is cut."""

    now: datetime
    ellipsis: str = "…"

    def for_programs(
        self, documents: Sequence[Document], columns: Sequence[str], *, queried: bool = False
    ) -> list[Line]:
        """Return a heading and a line for each document, without columns that are empty in all lines."""
        names = _with_values(documents, columns)
        rows = [[_plain(document.get(name)) for name in names] for document in documents]
        if not queried:  # a query gets whole texts
            rows = [list(map(self._short, names, row)) for row in rows]
        return _lines([[name.upper() for name in names], *rows])

    def for_people(self, documents: Sequence[Document], layout: Layout, width: int) -> list[Line]:
        """Return a table that fits the width.

        Ids are shortened before anything is left out. Each document becomes a block if even the most important columns
        do not fit.
        """
        names = [name for name in layout.columns if any(document.get(name) not in _NOTHING for document in documents)]
        titles = {name: _heading(name) for name in (*names, layout.tail)}
        rows = [
            {name: self._short(name, self._for_people(name, document.get(name))) for name in titles}
            for document in documents
        ]
        if _total(_widths(names, (titles, *rows))) > width:
            rows = _with_short_ids(rows)
        every = _widths(names, (titles, *rows))
        widths = _without_spare(every, layout.spare, width)
        is_narrow = _total(widths) > width and layout.long in every
        if is_narrow:
            del every[layout.long]
            widths = _without_spare(every, layout.spare, width - _ROOM_FOR_LONG)
        if _total(widths) > width:
            return self._blocks(documents, (*layout.columns, layout.tail, layout.command), width)
        room = width - _total(widths) - len(_GAP)
        lines = [[_joined(row, widths)] for row in (titles, *rows)]
        if is_narrow:
            _add_last(lines, [row[layout.long] for row in (titles, *rows)], room, width)
        commands = [document.get(layout.command) for document in documents]
        tails = [
            titles[layout.tail],
            *(
                "; ".join(part for part in (row[layout.tail], _GO_ON if command else "") if part)
                for row, command in zip(rows, commands, strict=True)
            ),
        ]
        if LONGEST_CELLS.get(layout.tail) != LONGEST_CELLS["userData"]:
            _add_last(lines, tails, 0 if is_narrow else room, width)
        elif room >= min(_NARROWEST_TAIL, max(map(width_of, tails))) and not is_narrow:
            _add_last(lines, [cut(text, room, self.ellipsis) for text in tails], room, width)
        for parts, command in zip(lines[1:], commands, strict=True):
            parts += _indented(command, width) if isinstance(command, Command) else []
        heading, *rest = [Line(text.rstrip()) for parts in lines for text in parts]
        return [replace(heading, is_heading=True), *rest]

    def queried_for_people(self, documents: Sequence[Document], width: int) -> list[Line]:
        """Return a table of a query's result, with all its columns, or blocks if they do not fit."""
        lines = self.for_programs(documents, list(documents[0]), queried=True)
        if max(width_of(line.text) for line in lines) > width:
            return self._blocks(documents, list(documents[0]), width, queried=True)
        return [replace(lines[0], is_heading=True), *lines[1:]]

    def record_for_people(self, document: Document, width: int, *, queried: bool = False) -> list[Line]:
        """Return the values of a document that are of use to a person, each after its label.

        A value that does not fit the width continues below.
        """
        if queried:
            pairs = [(name, _plain(value)) for name, value in document.items() if value is not None]
            return _lines(pairs)
        return self._fields({name: document[name] for name in document if name not in _FOR_PROGRAMS}, width)

    def _fields(self, document: Document, width: int) -> list[Line]:
        names = [name for name, value in document.items() if value not in _NOTHING]
        room = max((width_of(_label(name)) for name in names), default=0) + len(_GAP)
        return [Line(text) for name in names for text in self._field(name, document[name], room, width)]

    def _field(self, name: str, value: Any, room: int, width: int) -> list[str]:
        """Return a label and its value: beside it in `room` columns if its words fit, else below it."""
        label = padded(_label(name), room)
        if isinstance(value, Command):
            return [label.rstrip(), *_indented(value, width)]
        text = self._detail(name, value)
        if name in _IDS and room + width_of(text) > width:
            text = text[:SHORT_ID]
        if any(room + width_of(word) > width for word in text.split()):
            return [label.rstrip(), *_indented(text, width)]
        return wrapped([text], width, first=label, indent=" " * room)

    def _blocks(
        self, documents: Sequence[Document], names: Iterable[str], width: int, *, queried: bool = False
    ) -> list[Line]:
        lines: list[Line] = []
        for document in documents:
            values = {name: document[name] for name in names if document.get(name) is not None}
            block = self.record_for_people(values, width, queried=True) if queried else self._fields(values, width)
            lines += [*([Line("")] if lines else []), *block]
        return lines

    def _for_people(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float) and name == "elapsedSeconds":
            return format_duration(value)
        if isinstance(value, int | float) and name == "secondsLeft":
            return format_left(value)
        if isinstance(value, int) and name == "bytes":
            return size_in_words(value)
        moment = parse_time(value) if name.endswith("Time") else None
        if moment is None:
            return cell(value).replace(",", ", ") if isinstance(value, list | tuple) else cell(value)
        if name == "takenTime":
            return _ago((self.now - moment).total_seconds())
        return format_left((moment - self.now).total_seconds()) if name == "expiresTime" else f"{moment:%Y-%m-%d %H:%M}"

    def _detail(self, name: str, value: Any) -> str:
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            return f"{len(value):,} (-o json shows them)"
        text = self._for_people(name, value)
        moment = parse_time(value) if name.endswith("Time") else None
        if moment and name == "expiresTime":
            text = f"{moment:%Y-%m-%d %H:%M} UTC ({text if text == 'expired' else f'in {text}'})"
        elif moment:
            text = f"{text} UTC"
        return self._short(name, text, LONGEST_DETAIL)

    def _short(self, name: str, text: str, longest: int = 0) -> str:
        return cut(text, longest or LONGEST_CELLS[name], self.ellipsis) if name in LONGEST_CELLS else text


def _ago(seconds: float) -> str:
    """Return how long ago something was: `7h ago`, `3d ago`."""
    minutes = max(0, int(seconds // 60))
    if minutes < 60:
        return f"{minutes or '<1'}m ago"
    return f"{minutes // 60}h ago" if minutes < 48 * 60 else f"{minutes // 1440}d ago"


def _with_values(documents: Sequence[Document], names: Sequence[str]) -> list[str]:
    return [name for name in names if any(document.get(name) is not None for document in documents)]


def _plain(value: Any) -> str:
    """Return a cell of a table for programs; a time loses its fraction of a second."""
    return cell(_FRACTION.sub("Z", value) if isinstance(value, str) else value)


def _lines(rows: Sequence[Sequence[str]]) -> list[Line]:
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    return [Line(_GAP.join(map(padded, row, widths)).rstrip()) for row in rows]


def _joined(row: Mapping[str, str], widths: Mapping[str, int]) -> str:
    return _GAP.join(padded(row[name], width) for name, width in widths.items())


def _without_spare(widths: Mapping[str, int], spare: Sequence[str], width: int) -> dict[str, int]:
    """Return the columns without the spare columns that do not fit, the first one first."""
    kept = dict(widths)
    for name in spare:
        if _total(kept) > width:
            kept.pop(name, None)
    return kept


def _add_last(lines: Sequence[list[str]], texts: Sequence[str], room: int, width: int) -> None:
    """Append each text to its line, or put it below if it is longer than `room`.

    The first text is the title.
    """
    fit = [bool(text) and width_of(text) <= room for text in texts]
    for number, (parts, text) in enumerate(zip(lines, texts, strict=True)):
        if fit[number] and any(fit[1:]):
            parts[0] += _GAP + text
        elif text and number:
            parts += _indented(text, width)


def _indented(text: Part, width: int) -> list[str]:
    """Return a sentence or a command on indented lines."""
    return wrapped([text], width, first=_GAP, indent=_GAP)


def _with_short_ids(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Return rows whose ids are cut to 8 characters, or to more if two rows would have the same one."""
    short = {name: _shortest([row[name] for row in rows]) for name in rows[0] if name in _IDS}
    return [{name: text[: short.get(name)] for name, text in row.items()} for row in rows]


def _shortest(ids: Iterable[str]) -> int:
    """Return how many characters tell all ids apart."""
    different = set(ids)
    return next(length for length in count(SHORT_ID) if len({text[:length] for text in different}) == len(different))


def _widths(names: Iterable[str], rows: Sequence[Mapping[str, str]]) -> dict[str, int]:
    return {name: max(width_of(row[name]) for row in rows) for name in names}


def _total(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1)


def _words(name: str) -> str:
    """Return the words of a JSON key: `object ID` of `objectId`."""
    words = _CAMEL.sub(" ", name.replace("_", " ")).lower().split()
    return " ".join("ID" if word == "id" else word for word in words)


def _heading(name: str) -> str:
    is_time = name.endswith("Time") and name not in _TITLES
    return (f"{_words(name.removesuffix('Time'))} (utc)" if is_time else _TITLES.get(name, _words(name))).upper()


def _label(name: str) -> str:
    words = _words(name.removesuffix("Time")) if name.endswith("Time") else _TITLES.get(name, _words(name))
    return words[:1].upper() + words[1:]
