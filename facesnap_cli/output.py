"""stdout: documents as a table, JSON, lines of JSON, TSV or ids, after an optional JMESPath query."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from facesnap_cli.answers import Exchange
from facesnap_cli.errors import FacesnapError, UsageError
from facesnap_cli.models import ProvenanceTag
from facesnap_cli.text import harmless, harmless_json

Document = Mapping[str, object]
_FRACTION = re.compile(r"(?<=T\d\d:\d\d:\d\d)\.\d+Z$")


@dataclass(frozen=True, slots=True)
class View:
    """How documents of one kind are shown: the columns of their table, what `-o id` prints, a table's cells.

    `line`, if given, makes the table's lines instead: for texts too long for columns.
    """

    columns: tuple[str, ...]
    id_of: Callable[[Document], object]
    cell_of: Callable[[str, object], object] = lambda name, value: value
    line: Callable[[Document], str] | None = None


_OPERATION_COLUMNS = (
    "operationId",
    "kind",
    "status",
    "objectType",
    "objectId",
    "elapsedSeconds",
    "profile",
    "message",
)
SNAPSHOT = View(
    ("id", "type", "objectId", "createdTime", "expiresTime", "userData"),
    lambda document: document["id"],
    lambda name, value: None if name == "userData" and ProvenanceTag.parse(str(value)) else value,
)
OPERATION = View(_OPERATION_COLUMNS, lambda document: document["operationId"] or document["intent"])
FINISHED_TAKE = View(_OPERATION_COLUMNS, lambda document: document["snapshotId"])
FINISHED_APPLY = View(
    _OPERATION_COLUMNS, lambda document: document["objectId"] if document["status"] == "succeeded" else None
)
COPY = View(
    _OPERATION_COLUMNS,
    lambda document: (
        document["objectId"] if document["kind"] == "apply" and document["status"] == "succeeded" else None
    ),
)
RUN = View(
    ("item", "status", "profile", "objectId", "deleted", "elapsedSeconds", "message"),
    lambda document: document["objectId"] if document["exitCode"] == 0 else None,
)
COVER = View(
    ("item", "covered", "target", "objectId", "copiedTime", "secondsLeft", "message"),
    lambda document: document["objectId"] if document["covered"] else None,
)
STEP = View(("item", "action", "profile", "objectType", "objectId", "why"), lambda document: document["objectId"])
SETTING = View(("name", "value", "source"), lambda document: document["name"])
PROFILE = View(("name", "default", "endpoint", "subscriptionId", "keySource"), lambda document: document["name"])
ARCHIVE = View(
    ("archive", "type", "objectId", "persons", "faces", "facesWithImage"), lambda document: document["archive"]
)
IMPORT = View(("type", "objectId", "persons", "faces", "trainingStatus"), lambda document: document["objectId"])
DIFFERENCE = View(("change", "kind", "id", "name", "what", "old", "new"), lambda document: document["id"])


def _finding_line(document: Document) -> str:
    advice = f" -> {document['hint']}" if document["hint"] else ""
    return f"{document['status']:8} {document['check']:14} {document['message']}{advice}"


FINDING = View(("status", "check", "message", "hint"), lambda document: document["check"], line=_finding_line)


class Output:
    """Writes results to stdout in the chosen format."""

    def __init__(
        self, *, style: str = "table", query: str | None = None, color: bool = True, stream: TextIO | None = None
    ):
        self._style = style
        self._query = _compiled(query)
        self._color = color
        self._stream = stream or sys.stdout
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._ascii = not encoding.lower().startswith("utf")

    def record(self, document: Document, view: View) -> None:
        """Print one document; with `-o table` as a list of its values."""
        self._emit(document, view)

    def records(self, documents: Sequence[Document], view: View) -> None:
        """Print a list of documents; with `-o table` one a row."""
        self._emit(list(documents), view)

    def lines(self, lines: Sequence[str]) -> None:
        """Print what is text by its nature, such as a crontab, whatever the format."""
        for line in lines:
            self._stream.write(f"{harmless(line)}\n")

    def value(self, name: str, value: str) -> None:
        """Print a single value: by itself in a table, under its name in JSON."""
        self._emit(
            {name: value}, View((name,), lambda document: document[name], line=lambda document: str(document[name]))
        )

    def text(self, text: str) -> None:
        """Print what the program itself wrote, as it is, whatever the format."""
        self._stream.write(text)

    def exchange(self, exchange: Exchange) -> None:
        """Print an answer as it came, for `--raw`: status line, headers, empty line, body."""
        answer = exchange.answer
        if answer is None:
            return
        head = [
            f"HTTP/1.1 {answer.status} {answer.reason}",
            *(f"{name}: {text}" for name, text in answer.headers.items()),
        ]
        body = answer.body.decode("utf-8", "replace")
        if self._stream.isatty():
            body = "\n".join(harmless(line) for line in body.splitlines())
        self._stream.write("\n".join([*(harmless(line) for line in head), "", body]) + "\n")

    def _emit(self, data: Any, view: View) -> None:
        queried = self._query is not None
        if self._query is not None:
            try:
                data = self._query(data)
            except FacesnapError:  # what was done is done: its result is told all the same
                self._write(data, view, queried=False)
                raise
        self._write(data, view, queried=queried)

    def _write(self, data: Any, view: View, *, queried: bool) -> None:
        if self._style == "none":
            return
        if self._style == "json":
            self._stream.write(_dump(data, indent=2, ascii_only=self._ascii) + "\n")
        elif self._style == "jsonl":
            for item in data if isinstance(data, list) else [data]:
                self._stream.write(_dump(item, ascii_only=self._ascii) + "\n")
        elif self._style == "tsv":
            for item in data if isinstance(data, list) else [data]:
                self._stream.write("\t".join(_cells(item)) + "\n")
        elif self._style == "id":
            for item in data if isinstance(data, list) else [data]:
                value = item if queried else view.id_of(item)
                if value is not None:
                    self._stream.write(f"{_cell(value)}\n")
        else:
            self._table(data, view, queried)

    def _table(self, data: Any, view: View, queried: bool) -> None:
        if view.line and not queried:
            self.lines([view.line(item) for item in (data if isinstance(data, list) else [data])])
        elif isinstance(data, dict):
            shown = data if queried else {name: view.cell_of(name, value) for name, value in data.items()}
            self._grid(None, [(name, _table_cell(value)) for name, value in shown.items() if value is not None])
        elif isinstance(data, list) and data and all(isinstance(item, dict) for item in data):
            if not queried:
                data = [{name: view.cell_of(name, item.get(name)) for name in view.columns} for item in data]
            names = [name for name in data[0] if any(item.get(name) is not None for item in data)]
            self._grid(names, [[_table_cell(item.get(name)) for name in names] for item in data])
        elif isinstance(data, list):
            for item in data:
                self._stream.write("  ".join(_cells(item)) + "\n")
        elif data is not None:
            self._stream.write(f"{_cell(data)}\n")

    def _grid(self, header: list[str] | None, rows: Sequence[Sequence[str]]) -> None:
        if self._stream.isatty():
            _rich_grid(header, rows, color=self._color)
            return
        lines = [[name.upper() for name in header], *rows] if header else list(rows)
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))] if lines else []
        for line in lines:
            padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self._stream.write("  ".join(padded).rstrip() + "\n")


def _rich_grid(header: list[str] | None, rows: Sequence[Sequence[str]], *, color: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=header is not None, pad_edge=False, header_style="bold")
    for name in header or ("", ""):
        is_id = name.lower().endswith("id")  # an id is there to be copied: whole, on one line
        table.add_column(name.upper(), overflow="fold" if header is None else "ellipsis", no_wrap=is_id)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(no_color=not color, highlight=False, emoji=False, soft_wrap=False).print(table)


def _dump(data: Any, indent: int | None = None, *, ascii_only: bool = False) -> str:
    return harmless_json(json.dumps(data, indent=indent, ensure_ascii=ascii_only, default=str))


def _cells(item: Any) -> list[str]:
    values = item.values() if isinstance(item, dict) else item if isinstance(item, list) else [item]
    return [_cell(value) for value in values]


def _table_cell(value: Any) -> str:
    """Return a cell for people: a time without its fraction of a second."""
    return _cell(_FRACTION.sub("Z", value) if isinstance(value, str) else value)


def _cell(value: Any) -> str:
    """Return a value as text on one line without tabs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return harmless(",".join(value))
    return harmless(_dump(value) if isinstance(value, list | dict) else str(value))


def _compiled(query: str | None) -> Callable[[Any], Any] | None:
    if query is None:
        return None
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        expression = jmespath.compile(query)
    except JMESPathError as error:
        raise UsageError(f"--query: {harmless(str(error)).strip()[:300]}", hint="see https://jmespath.org") from None

    def search(data: Any) -> Any:
        try:
            found = expression.search(data)
            json.dumps(found, allow_nan=False, default=str)  # jmespath can make numbers that JSON has not
        except (JMESPathError, ValueError) as error:
            raise FacesnapError(
                f"--query does not fit the result, which is printed whole: {harmless(str(error)).strip()}", code="Query"
            ) from None
        return found

    return search
