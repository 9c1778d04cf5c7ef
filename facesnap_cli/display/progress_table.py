"""stderr while copies run: a live table of them at a terminal, elsewhere a line when something changes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.escape import format_duration, harmless
from facesnap_cli.display.column_width import shortened
from facesnap_cli.display.progress import LINE_EVERY_S
from facesnap_cli.models.operations import Operation

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table
    from rich.text import Text


_TIMES_COLUMNS = 8 + 12 + 4  # those of ELAPSED and LEFT, and a space beside each of the four


class ItemsProgress(Protocol):
    """Shows how the items of a run go, by their names. May be called from several threads."""

    def stage(self, name: str, text: str) -> None: ...

    def counted(self, name: str, step: str, text: str) -> None: ...

    def operation(self, name: str, operation: Operation) -> None: ...

    def ended(self, name: str, text: str, *, ok: bool) -> None: ...

    def close(self) -> None: ...


class NoItems:
    """For `--quiet`."""

    def stage(self, name: str, text: str) -> None:
        return

    def counted(self, name: str, step: str, text: str) -> None:
        return

    def operation(self, name: str, operation: Operation) -> None:
        return

    def ended(self, name: str, text: str, *, ok: bool) -> None:
        return

    def close(self) -> None:
        return


class ItemLines:
    """For logs: a line when an operation's status or an export's step changes or an item ends, and every five minutes.

    Of the stages only the one without operations or steps of its own has a line.
    """

    def __init__(self, clock: Clock, stream: TextIO | None = None):
        self._clock = clock
        self._stream = stream or sys.stderr
        self._shown: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def stage(self, name: str, text: str) -> None:
        with self._lock:
            if text == "verifying" and self._shown.get(name) != (text, 0.0):
                self._shown[name] = (text, 0.0)
                self._line(f"{name}: {text}")

    def counted(self, name: str, step: str, text: str) -> None:
        with self._lock:
            now = self._clock.monotonic()
            before, shown_at = self._shown.get(name, ("", 0.0))
            if step != before or now - shown_at >= LINE_EVERY_S:
                self._shown[name] = (step, now)
                self._line(f"{name}: {text}")

    def operation(self, name: str, operation: Operation) -> None:
        with self._lock:
            now, status = self._clock.monotonic(), operation.state.status.value
            before, shown_at = self._shown.get(operation.intent, ("", 0.0))
            if status == before and now - shown_at < LINE_EVERY_S:
                return
            self._shown[operation.intent] = (status, now)
            where = f" to {operation.profile}:{operation.object_id}" if operation.kind == "apply" else ""
            elapsed = format_duration(operation.elapsed_s(self._clock.now()))
            self._line(f"{name}: {operation.kind}{where} {status} after {elapsed} ({operation.reference})")

    def ended(self, name: str, text: str, *, ok: bool) -> None:
        with self._lock:
            self._line(f"{name}: {text}")

    def close(self) -> None:
        return

    def _line(self, text: str) -> None:
        self._stream.write(f"{harmless(text)}\n")
        self._stream.flush()


@dataclass
class _Row:
    name: str
    stage: str = "waiting"
    since: float | None = None
    operation: Operation | None = None
    ended: str = ""
    ok: bool = True


class ItemTable:
    """For terminals: a table with a row for each item that is under way or failed, and a line that counts them."""

    def __init__(
        self, clock: Clock, names: list[str], estimate_of: Callable[[Operation], float | None], *, color: bool
    ):
        from rich.console import Console
        from rich.live import Live

        self._clock = clock
        self._estimate_of = estimate_of
        self._rows = {name: _Row(name) for name in names}
        self._lock = threading.Lock()
        console = Console(stderr=True, no_color=not color, highlight=False, emoji=False)
        self._live = Live(self, console=console, transient=True, refresh_per_second=4, redirect_stdout=False)
        self._live.start()

    def stage(self, name: str, text: str) -> None:
        with self._lock:
            row = self._rows[name]
            row.stage, row.operation = text, None
            row.since = self._clock.monotonic() if row.since is None else row.since

    def counted(self, name: str, step: str, text: str) -> None:
        self.stage(name, text)

    def operation(self, name: str, operation: Operation) -> None:
        with self._lock:
            self._rows[name].operation = operation

    def ended(self, name: str, text: str, *, ok: bool) -> None:
        with self._lock:
            self._rows[name].ended, self._rows[name].ok = text, ok

    def close(self) -> None:
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            yield from self._shown(max(1, options.size.height - 3), options.max_width)

    def _shown(self, room: int, width: int) -> Iterator[Table | Text]:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
        free = width - _TIMES_COLUMNS
        for title, columns in (("ITEM", free * 2 // 7), ("STAGE", free * 5 // 7), ("ELAPSED", 8), ("LEFT", 12)):
            table.add_column(title, no_wrap=True, overflow="ellipsis", width=max(1, columns))
        rows = list(self._rows.values())
        active = [row for row in rows if row.since is not None and not row.ended]
        failed = [row for row in rows if row.ended and not row.ok]
        for row in [*active, *failed][:room]:
            name, stage, *times = self._cells(row, free * 5 // 7)
            table.add_row(*(Text(text) for text in (shortened(harmless(name), free * 2 // 7), harmless(stage), *times)))
        ended = sum(bool(row.ended) for row in rows)
        yield table
        yield Text(f"{ended} of {len(rows)} ended, {len(failed)} failed", style="dim")

    def _cells(self, row: _Row, stage_columns: int) -> tuple[str, str, str, str]:
        if row.ended or row.since is None:
            return row.name, row.ended, "", ""
        elapsed, stage, left = format_duration(self._clock.monotonic() - row.since), row.stage, ""
        if row.operation:
            status = row.operation.state.status.value
            room = max(1, stage_columns - len(f"{row.stage} : {status}"))
            stage = f"{row.stage} {shortened(row.operation.object_id, room)}: {status}"
            estimate_s = self._estimate_of(row.operation) if row.operation.state.is_open else None
            if estimate_s:
                left = f"about {format_duration(estimate_s - row.operation.elapsed_s(self._clock.now()))}"
        return row.name, stage, elapsed, left


def items_progress_for(
    clock: Clock, names: list[str], *, quiet: bool, color: bool, estimate_of: Callable[[Operation], float | None]
) -> ItemsProgress:
    """Return the progress that fits stderr: a table at a terminal that can show it, else lines; nothing if quiet."""
    if quiet:
        return NoItems()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return ItemTable(clock, names, estimate_of, color=color)
    return ItemLines(clock)
