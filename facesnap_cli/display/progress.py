"""stderr while operations run: a bar each at a terminal, elsewhere a line when something changes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol, TextIO

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.counting import Counting, NoCounting, Tally
from facesnap_cli.common.escape import format_duration, harmless
from facesnap_cli.display.column_width import shortened, width_of
from facesnap_cli.models.operations import Operation

LINE_EVERY_S = 300.0
MOST_BARS = 10
# Columns that a bar's line needs beside its title and the bar: for an operation's status and times, for a count's pace.
_STATE_COLUMNS, _PACE_COLUMNS = 42, 15
_LEFT_COLUMNS = len(", about 59m59s left")
_SHORTEST_ID = 12


class Progress(Protocol):
    """Shows how operations go. `update` may be called from several threads."""

    def update(self, operation: Operation) -> None: ...

    def close(self) -> None: ...


class NoProgress:
    """For `--quiet`."""

    def update(self, operation: Operation) -> None:
        return

    def close(self) -> None:
        return


class LineProgress:
    """For logs: a line when an operation's status changes, and one every five minutes."""

    def __init__(self, clock: Clock, stream: TextIO | None = None):
        self._clock = clock
        self._stream = stream or sys.stderr
        self._shown: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def update(self, operation: Operation) -> None:
        with self._lock:
            now = self._clock.monotonic()
            status, shown_at = self._shown.get(operation.intent, ("", 0.0))
            if operation.state.status.value == status and now - shown_at < LINE_EVERY_S:
                return
            self._shown[operation.intent] = (operation.state.status.value, now)
            elapsed = format_duration(operation.elapsed_s(self._clock.now()))
            line = f"{operation.title}: {operation.state.status.value} after {elapsed} ({operation.reference})"
            self._stream.write(f"{harmless(line)}\n")
            self._stream.flush()

    def close(self) -> None:
        return


class LineCounting:
    """For logs: a line when a step begins, and one every five minutes."""

    def __init__(self, title: str, clock: Clock, stream: TextIO | None = None):
        self._title = title
        self._clock = clock
        self._stream = stream or sys.stderr
        self._tally = Tally(clock)
        self._shown_at = 0.0

    def begin(self, step: str, total: int | None = None) -> None:
        with self._tally.lock:
            self._tally.restart(step, total)
            self._line(f"{step}, {total:,} in all" if total is not None else step)

    def advance(self, number: int = 1) -> None:
        with self._tally.lock:
            self._tally.done += number
            if self._clock.monotonic() - self._shown_at >= LINE_EVERY_S:
                self._line(f"{self._tally.step}: {self._tally.text()}")

    def close(self) -> None:
        return

    def _line(self, text: str) -> None:
        self._shown_at = self._clock.monotonic()
        self._stream.write(f"{harmless(f'{self._title}: {text}')}\n")
        self._stream.flush()


class BarCounting:
    """For terminals: a rich bar for each step."""

    def __init__(self, title: str, clock: Clock, *, color: bool):
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as Bars

        self._title = title
        self._tally = Tally(clock)
        self._task: Any = None
        console = _console(color)
        self._bar_columns = _bar_columns(console.width)
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=self._bar_columns),
            TextColumn("{task.fields[numbers]}", markup=False),
            console=console,
        )
        self._bars.start()

    def begin(self, step: str, total: int | None = None) -> None:
        with self._tally.lock:
            self._end_step()
            self._tally.restart(step, total)
            count = len("1,000,000" if total is None else f"{total:,} of {total:,}") + _PACE_COLUMNS
            others = count if total is None else count + _LEFT_COLUMNS
            room = self._bars.console.width - self._bar_columns - others
            self._task = self._bars.add_task(_counting_title(self._title, step, room), total=total, numbers="")

    def advance(self, number: int = 1) -> None:
        with self._tally.lock:
            self._tally.done += number
            self._bars.update(self._task, completed=self._tally.done, numbers=self._tally.text())

    def close(self) -> None:
        with self._tally.lock:
            self._end_step()
        self._bars.stop()

    def _end_step(self) -> None:
        if self._task is not None:
            done = self._tally.done
            self._bars.update(self._task, total=max(1, self._tally.total or done), completed=max(1, done))
            self._task = None


class BarProgress:
    """For terminals: a rich bar for each operation, one for all of them where they are many."""

    def __init__(self, clock: Clock, estimate_of: Callable[[Operation], float | None], *, color: bool, expected: int):
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        self._clock = clock
        self._estimate_of = estimate_of
        self._expected = expected
        self._tasks: dict[str, Any] = {}
        self._seen: dict[str, Operation] = {}
        self._lock = threading.Lock()
        console = _console(color)
        self._bar_columns = _bar_columns(console.width)
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=self._bar_columns),
            TextColumn("{task.fields[state]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            console=console,
            # rich measures elapsed time itself, between two looks too: an operation's age is taken off its start.
            get_time=clock.monotonic,
        )
        self._bars.start()

    def update(self, operation: Operation) -> None:
        with self._lock:
            self._seen[operation.intent] = operation
            if self._expected > MOST_BARS:
                self._update_sum()
            else:
                self._update_one(operation)

    def close(self) -> None:
        self._bars.stop()

    def _update_one(self, operation: Operation) -> None:
        elapsed_s = operation.elapsed_s(self._clock.now())
        estimate_s = self._estimate_of(operation)
        if operation.intent not in self._tasks:
            room = self._bars.console.width - self._bar_columns - _STATE_COLUMNS
            task = self._bars.add_task(_operation_title(operation, room), total=None, state="", left="")
            self._tasks[operation.intent] = task
            self._bars.tasks[self._bars.task_ids.index(task)].start_time = self._clock.monotonic() - elapsed_s
        total, completed, left = estimate_s, 0.0, ""
        if not operation.state.is_open:
            total = completed = 1.0
        elif estimate_s:
            completed = min(elapsed_s, 0.98 * estimate_s)
            left = f"about {format_duration(estimate_s - elapsed_s)} left"
        state = operation.state.status.value
        self._bars.update(self._tasks[operation.intent], total=total, completed=completed, state=state, left=left)

    def _update_sum(self) -> None:
        if not self._tasks:
            self._tasks[""] = self._bars.add_task("operations", total=self._expected, state="", left="")
        ended = sum(not operation.state.is_open for operation in self._seen.values())
        self._bars.update(self._tasks[""], completed=ended, state=f"{ended} of {self._expected} ended")


def progress_for(
    clock: Clock, *, quiet: bool, color: bool, expected: int, estimate_of: Callable[[Operation], float | None]
) -> Progress:
    """Return the progress that fits stderr: bars at a terminal that can show them, else lines; nothing if quiet."""
    if quiet or not expected:
        return NoProgress()
    if _shows_bars():
        return BarProgress(clock, estimate_of, color=color, expected=expected)
    return LineProgress(clock)


def counting_for(title: str, clock: Clock, *, quiet: bool, color: bool) -> Counting:
    """Return the same choice for a work of many items, which `title` names."""
    if quiet:
        return NoCounting()
    return BarCounting(title, clock, color=color) if _shows_bars() else LineCounting(title, clock)


def _operation_title(operation: Operation, room: int) -> str:
    """Return an operation in words that leave room for its status: a long id is shortened, then its type left out."""
    title = harmless(operation.title)
    if width_of(title) <= room or not operation.object_id:
        return title
    for words in (f"{operation.kind.value} {operation.object_type}", operation.kind.value):
        left = room - len(words) - 1
        if left >= min(_SHORTEST_ID, len(operation.object_id)):
            break
    return f"{harmless(words)} {shortened(harmless(operation.object_id), max(left, _SHORTEST_ID))}"


def _counting_title(title: str, step: str, room: int) -> str:
    """Return what is counted: the step alone where there is no room for the whole work's title too."""
    whole = harmless(f"{title}: {step}")
    return whole if width_of(whole) <= room else shortened(harmless(step), max(room, _SHORTEST_ID))


def _bar_columns(width: int) -> int:
    return 24 if width >= 100 else 10


def _shows_bars() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _console(color: bool) -> Any:
    from rich.console import Console

    return Console(stderr=True, no_color=not color, highlight=False, emoji=False)
