"""Show progress at a terminal: a bar for each operation of a wait, or each step of a transfer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from facesnap_cli.common.escape import harmless
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.display.column_width import shortened, width_of
from facesnap_cli.display.run_progress import EstimateOf, Item, RunProgress, View
from facesnap_cli.models.operations import Operation

MOST_BARS = 10
# Columns that a bar's line needs beside its title and the bar: for an operation's status and times, for a step's pace.
_STATE_COLUMNS, _PACE_COLUMNS = 42, 15
_LEFT_COLUMNS = len(", about 59m59s left")
_SHORTEST_ID = 12


class OperationBars(View):
    """Shows a bar for each operation, or a single bar if there are many."""

    def __init__(self, run: RunProgress, estimate_of: EstimateOf, *, color: bool):
        from rich.progress import TextColumn, TimeElapsedColumn

        super().__init__(run)
        self._estimate_of = estimate_of
        self._tasks: dict[str, Any] = {}
        state = TextColumn("{task.fields[state]}", markup=False)
        left = TextColumn("{task.fields[left]}", markup=False)
        # rich measures elapsed time itself, also between two polls: a task starts as early as its operation did.
        self._bars, self._bar_columns = _bars(color, state, TimeElapsedColumn(), left, get_time=self.clock.monotonic)
        self._bars.start()

    def show_operation(self, item: Item, operation: Operation) -> None:
        if len(self.run.items) > MOST_BARS:
            self._update_sum()
        else:
            self._update_bar(operation)

    def close(self) -> None:
        self._bars.stop()

    def _update_bar(self, operation: Operation) -> None:
        elapsed_s = operation.elapsed_s(self.clock.now())
        estimate_s = self._estimate_of(operation)
        if operation.intent not in self._tasks:
            room = self._bars.console.width - self._bar_columns - _STATE_COLUMNS
            task = self._bars.add_task(_operation_title(operation, room), total=None, state="", left="")
            self._tasks[operation.intent] = task
            self._bars.tasks[self._bars.task_ids.index(task)].start_time = self.clock.monotonic() - elapsed_s
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
            self._tasks[""] = self._bars.add_task("operations", total=len(self.run.items), state="", left="")
        operations = (item.operation for item in self.run.items.values() if item.operation)
        ended = sum(not operation.state.is_open for operation in operations)
        self._bars.update(self._tasks[""], completed=ended, state=f"{ended} of {len(self.run.items)} ended")


class StepBars(View):
    """Shows a bar for each step of a single item."""

    def __init__(self, run: RunProgress, title: str, *, color: bool):
        from rich.progress import TextColumn

        super().__init__(run)
        self._task: Any = None
        self._total: int | None = None
        self._done = 0
        self._bars, self._bar_columns = _bars(color, TextColumn("{task.fields[numbers]}", markup=False))
        self._bars.start()

    def show_step(self, item: Item, *, logged: bool) -> None:
        self._end_step()
        total = item.tally.total
        count = len("1,000,000" if total is None else f"{total:,} of {total:,}") + _PACE_COLUMNS
        others = count if total is None else count + _LEFT_COLUMNS
        room = self._bars.console.width - self._bar_columns - others
        self._total, self._done = total, 0
        self._task = self._bars.add_task(_step_title(item.name, item.tally.step, room), total=total, numbers="")

    def show_count(self, item: Item) -> None:
        self._done = item.tally.done
        self._bars.update(self._task, completed=self._done, numbers=item.tally.numbers())

    def close(self) -> None:
        with self.run.lock:
            self._end_step()
        self._bars.stop()

    def _end_step(self) -> None:
        if self._task is not None:
            self._bars.update(self._task, total=max(1, self._total or self._done), completed=max(1, self._done))
            self._task = None


def _operation_title(operation: Operation, room: int) -> str:
    """Return an operation's title in `room` columns, to leave room for its status.

    A long id is shortened; if that is not enough, the object's type is left out.
    """
    title = harmless(operation.title)
    if width_of(title) <= room or not operation.object_id:
        return title
    for words in (f"{operation.kind.value} {operation.object_type}", operation.kind.value):
        left = room - len(words) - 1
        if left >= min(_SHORTEST_ID, len(operation.object_id)):
            break
    return f"{harmless(words)} {shortened(harmless(operation.object_id), max(left, _SHORTEST_ID))}"


def _step_title(title: str, step: str, room: int) -> str:
    """Return the title with its step, or the step alone if there is no room for both."""
    whole = harmless(f"{title}: {step}")
    return whole if width_of(whole) <= room else shortened(harmless(step), max(room, _SHORTEST_ID))


def _bars(color: bool, *columns: Any, get_time: Callable[[], float] | None = None) -> tuple[Any, int]:
    """Return rich's bars with these columns beside spinner, title and bar, and the width of a bar."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    console = Console(stderr=True, no_color=not color, highlight=False, emoji=False)
    width = 24 if console.width >= 100 else 10
    title = TextColumn("{task.description}", markup=False)
    return Progress(SpinnerColumn(), title, BarColumn(width), *columns, console=console, get_time=get_time), width
