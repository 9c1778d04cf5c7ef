"""Write documents to stdout: a table, JSON, lines of JSON, TSV or ids, after an optional query."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

from facesnap_cli.common.errors import FacesnapError, OutputError, reason_of
from facesnap_cli.common.escape import harmless
from facesnap_cli.display.cell_text import cell, cells, dump
from facesnap_cli.display.column_width import terminal_width, wrapped
from facesnap_cli.display.columns import Layout, View, value_of

if TYPE_CHECKING:
    from facesnap_cli.display.query import Query
    from facesnap_cli.display.sentences import Document, Sentence
    from facesnap_cli.display.tables import Line
    from facesnap_cli.network.responses import Exchange

_MOST_SHOWN_ON_STDERR = 20
_NEXT = "next: "


class Output:
    """Writes results to stdout in the chosen format.

    Errors while printing are kept in `trouble` until the end. They must not hide an operation's failure or stop the
    rest of the command. `tell` and `remark` write to stderr: what a person must know, and what only helps a person.
    At a terminal a result is a sentence, unless `all_fields` are asked for.
    """

    def __init__(
        self,
        *,
        style: str = "table",
        query: str | None = None,
        styled: bool = True,
        all_fields: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        tell: Callable[[str], None] = lambda text: None,
        remark: Callable[[str], None] = lambda text: None,
        stream: TextIO | None = None,
    ):
        self._style = style
        self._query = _compiled(query)
        self._styled = styled
        self._all_fields = all_fields
        self._now = now
        self._tell = tell
        self._remark = remark
        self._stream = stream or sys.stdout
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._ascii = not encoding.lower().startswith("utf")
        self.trouble: FacesnapError | BrokenPipeError | None = None

    def record(self, document: Document, view: View) -> None:
        """Print one document; with `-o table` as a list of its values."""
        self._emit(document, view)

    def records(
        self,
        documents: Sequence[Document],
        view: View,
        *,
        rows: Sequence[Document] | None = None,
        nothing: str = "",
    ) -> None:
        """Print a list of documents; with `-o table` one in each row, or `rows` where a table shows more than these.

        `nothing` is remarked if there are none.
        """
        self._emit(list(documents), view, rows)
        if nothing and not documents and self._style != "json":
            self._remark(nothing)

    def csv(self, documents: Sequence[Document], view: View, columns: Mapping[str, str | None]) -> None:
        """Print a list of documents; with `-o table` as CSV. `columns` are the headings with the documents' keys.

        A column without a key is empty. A text is written as it is, because a program reads it back; at a terminal its
        control characters are escaped.
        """
        if self._style != "table" or self._query:
            self._emit(list(documents), view)
            return
        import csv

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([document[key] if key else "" for key in columns.values()] for document in documents)
        content = text.getvalue()
        if self._stream.isatty():
            content = "".join(f"{harmless(line)}\n" for line in content.split("\n")[:-1])
        self._put(content)

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines of text, such as a crontab, whatever the format."""
        self._put("".join(f"{harmless(line)}\n" for line in lines))

    def next_step(self, words: Sequence[str]) -> bool:
        """Print the command that usually comes next for a person who reads the result itself.

        Returns whether somebody does.
        """
        width = terminal_width(self._stream)
        is_read = bool(width) and self._style == "table" and self._query is None
        if is_read:
            self.lines(wrapped([words], width, first=_NEXT, indent=" " * len(_NEXT)))
        return is_read

    def value(self, name: str, value: str) -> None:
        """Print a single value: in JSON under its name, else without it."""
        self._emit({name: value}, value_of(name))

    def text(self, text: str) -> None:
        """Print a text of the program itself, unescaped, whatever the format."""
        self._put(text)

    def flush(self) -> None:
        """Flush stdout. Raises the first error of this or of earlier printing."""
        if self.trouble is None:
            self._guarded(self._stream.flush)
        if self.trouble is not None:
            raise self.trouble

    def exchange(self, exchange: Exchange) -> None:
        """Print a response unchanged, for `--raw`: status line, headers, empty line, body."""
        response = exchange.response
        if response is None:
            return
        head = [
            f"HTTP/1.1 {response.status} {response.reason}",
            *(f"{name}: {text}" for name, text in response.headers.items()),
        ]
        body = response.body.decode("utf-8", "replace")
        if self._stream.isatty():
            body = "\n".join(harmless(line) for line in body.splitlines())
        self._put("\n".join([*(harmless(line) for line in head), "", body]) + "\n")

    def _emit(self, data: Any, view: View, rows: Sequence[Document] | None = None) -> None:
        if self._query is None:
            self._write(list(rows) if rows is not None and self._style == "table" else data, view, queried=False)
            return
        try:
            found = self._query.search(data)
        except OutputError as error:  # the work is done: show its result, but never where a script expects the query's
            self.trouble = error
            if self._style not in ("tsv", "id", "none"):
                self._write(data, view, queried=False)
            elif self._style != "none":
                for item in islice(_items(data), _MOST_SHOWN_ON_STDERR):
                    self._tell(dump(item))
            return
        if doubt := self._query.doubt(data, found):
            self._tell(f"warning: {doubt}")
        self._write(found, view, queried=True)

    def _write(self, data: Any, view: View, *, queried: bool) -> None:
        if self._style == "none":
            return
        if self._style == "json":
            self._put(dump(data, indent=2, ascii_only=self._ascii) + "\n")
        elif self._style == "jsonl":
            self._put("".join(f"{dump(item, ascii_only=self._ascii)}\n" for item in _items(data)))
        elif self._style == "tsv":
            self._put("".join("\t".join(cells(item)) + "\n" for item in _items(data)))
        elif self._style == "id":
            ids = [_queried_id(item, view) if queried else view.id_of(item) for item in _items(data)]
            self._put("".join(f"{cell(value)}\n" for value in ids if value is not None))
        elif queried:
            self._queried_table(data)
        else:
            self._table(data, view)

    def _table(self, data: Any, view: View) -> None:
        from facesnap_cli.display.tables import Table

        width = terminal_width(self._stream)
        rows = [view.row_of(item) for item in _items(data)]
        table = Table(self._now(), "..." if self._ascii else "…")
        if view.lines_of:
            self.lines(line for row in rows for line in view.lines_of(row, width))
        elif width and view.sentence_of and not self._all_fields:
            self.lines(line for row in rows for line in self._said(view.sentence_of(row, self._now()), width))
        elif width and isinstance(data, dict):
            names = view.fields if view.fields and not self._all_fields else rows[0]
            self._print(table.record_for_people({name: rows[0].get(name) for name in names}, width))
        elif rows:
            people = width and table.for_people(rows, view.layout or Layout(view.columns), width)
            self._print(people or table.for_programs(rows, view.columns))

    def _said(self, sentence: Sentence, width: int) -> list[str]:
        mark = sentence.mark.shown(ascii_only=self._ascii)
        return wrapped([harmless(sentence.text)], width, first=f"{mark} ", indent="  ")

    def _queried_table(self, data: Any) -> None:
        from facesnap_cli.display.tables import Table

        width = terminal_width(self._stream)
        table = Table(self._now())
        if isinstance(data, dict):
            self._print(table.record_for_people(data, width, queried=True))
        elif isinstance(data, list) and data and all(isinstance(item, dict) for item in data):
            people = width and table.queried_for_people(data, width)
            self._print(people or table.for_programs(data, list(data[0]), queried=True))
        elif data is not None:
            self._put("".join(f"{'  '.join(cells(item))}\n" for item in _items(data)))

    def _print(self, lines: Sequence[Line]) -> None:
        for number, line in enumerate(lines):
            if line.is_heading and self._styled:
                self._guarded(partial(_print_bold, line.text, self._stream))
            else:
                self._put("".join(f"{rest.text}\n" for rest in lines[number:]))
                break

    def _put(self, text: str) -> None:
        self._guarded(lambda: self._stream.write(text))

    def _guarded(self, write: Callable[[], object]) -> None:
        try:
            write()
        except BrokenPipeError as error:
            self.trouble = self.trouble or error
        except OSError as error:
            self.trouble = self.trouble or OutputError(f"the output could not be written: {reason_of(error)}")


def _items(data: Any) -> list[Any]:
    return data if isinstance(data, list) else [data]


def _queried_id(item: Any, view: View) -> Any:
    """Return the id of an item that a query has left a document, else the item itself."""
    try:
        return view.id_of(item) if isinstance(item, dict) else item
    except KeyError:
        return item


def _print_bold(text: str, stream: TextIO) -> None:
    from rich.console import Console
    from rich.text import Text

    Console(file=stream, highlight=False, emoji=False, soft_wrap=True).print(Text(text, style="bold"))


def _compiled(text: str | None) -> Query | None:
    if text is None:
        return None
    from facesnap_cli.display.query import Query

    return Query(text)
