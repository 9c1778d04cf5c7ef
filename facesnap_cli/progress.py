"""stderr while operations run: a bar each at a terminal, elsewhere a line when something changes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol, TextIO

from facesnap_cli.clock import Clock
from facesnap_cli.operations import Operation
from facesnap_cli.text import format_duration, harmless

LINE_EVERY_S = 300.0
MOST_BARS = 10


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


class BarProgress:
    """For terminals: a rich bar for each operation, one for all of them where they are many."""

    def __init__(self, clock: Clock, estimate_of: Callable[[Operation], float | None], *, color: bool, expected: int):
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        self._clock = clock
        self._estimate_of = estimate_of
        self._expected = expected
        self._tasks: dict[str, Any] = {}
        self._seen: dict[str, Operation] = {}
        self._lock = threading.Lock()
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[state]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            console=Console(stderr=True, no_color=not color, highlight=False, emoji=False),
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
            task = self._bars.add_task(harmless(operation.title), total=None, state="", left="")
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
    if quiet:
        return NoProgress()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return BarProgress(clock, estimate_of, color=color, expected=expected)
    return LineProgress(clock)
