"""Show progress at a terminal: a bar for each operation of a wait, or each step of a transfer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from facesnap_cli.common.escape import harmless
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.display.column_width import cut, ellipsis_for, shortened, width_of
from facesnap_cli.display.run_progress import EstimateOf, Item, RunProgress, View
from facesnap_cli.models.operations import Operation

MOST_BARS = 10
# Columns that a bar's line needs beside its title and the bar: for an operation's status and times, for a step's pace.
_STATE_COLUMNS, _PACE_COLUMNS = 42, 15
_LEFT_COLUMNS = len(", about 59m59s left")
_SHORTEST_ID = 12
_LEAST_WIDTH_FOR_TIME_LEFT = 60


class OperationBars(View):
    """Shows a bar for each operation, or a single bar if there are many."""

    def __init__(self, run: RunProgress, estimate_of: EstimateOf, *, color: bool):
        super().__init__(run)
        self._estimate_of = estimate_of
        self._tasks: dict[str, Any] = {}
        state = _text("{task.fields[state]}")
        console = _console(color)
        # rich measures elapsed time itself, also between two polls: a task starts as early as its operation did.
        times: list[ProgressColumn] = [TimeElapsedColumn(_one_line())]
        if console.width >= _LEAST_WIDTH_FOR_TIME_LEFT:
            times.append(_TimeLeft(_one_line()))
        self._bars, self._bar_columns = _bars(console, self.clock.monotonic, state, *times)
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
            task = self._bars.add_task(self._title(operation, room), total=None, state="", estimate_s=None)
            self._tasks[operation.intent] = task
            self._bars.tasks[self._bars.task_ids.index(task)].start_time = self.clock.monotonic() - elapsed_s
        total, completed = estimate_s, 0.0
        if not operation.state.is_open:
            total = completed = 1.0
        elif estimate_s:
            completed = min(elapsed_s, 0.98 * estimate_s)
        self._bars.update(
            self._tasks[operation.intent],
            total=total,
            completed=completed,
            state=operation.state.status.value,
            estimate_s=estimate_s,
        )

    def _title(self, operation: Operation, room: int) -> str:
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
        ellipsis = ellipsis_for(self._bars.console.encoding)
        return f"{harmless(words)} {shortened(harmless(operation.object_id), max(left, _SHORTEST_ID), ellipsis)}"

    def _update_sum(self) -> None:
        if not self._tasks:
            self._tasks[""] = self._bars.add_task("operations", total=len(self.run.items), state="", estimate_s=None)
        operations = (item.operation for item in self.run.items.values() if item.operation)
        ended = sum(not operation.state.is_open for operation in operations)
        self._bars.update(self._tasks[""], completed=ended, state=f"{ended} of {len(self.run.items)} ended")


class StepBars(View):
    """Shows a line for a single item, with the time that it has taken, and below it a bar for each of its steps."""

    def __init__(self, run: RunProgress, title: str, *, color: bool):
        super().__init__(run)
        self._title = harmless(title)
        self._started = self.clock.monotonic()
        self._task: Any = None
        self._total: int | None = None
        self._done = 0
        numbers = _text("{task.fields[numbers]}")
        self._bars, self._bar_columns = _bars(_console(color), self.clock.monotonic, numbers, headline=self._headline)
        self._bars.start()

    def _headline(self) -> str:
        """Return the item's line. It is empty before the first step, so that short work shows nothing."""
        if not self._bars.tasks:
            return ""
        console, elapsed = self._bars.console, format_duration(self.clock.monotonic() - self._started)
        title = shortened(self._title, console.width - len(elapsed) - 2, ellipsis_for(console.encoding))
        return f"{title}  {elapsed}"

    def show_step(self, item: Item, *, logged: bool) -> None:
        self._end_step()
        total = item.tally.total
        count = len("1,000,000" if total is None else f"{total:,} of {total:,}") + _PACE_COLUMNS
        others = count if total is None else count + _LEFT_COLUMNS
        room = max(self._bars.console.width - self._bar_columns - others, _SHORTEST_ID)
        step = cut(harmless(item.tally.step), room, ellipsis_for(self._bars.console.encoding))
        self._total, self._done = total, 0
        self._task = self._bars.add_task(step, total=total, numbers="")

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


def _console(color: bool) -> Console:
    return Console(stderr=True, no_color=not color, highlight=False, emoji=False)


def _bars(
    console: Console, get_time: Callable[[], float], *columns: ProgressColumn, headline: Callable[[], str] = str
) -> tuple[Progress, int]:
    """Return rich's bars with these columns beside spinner, title and bar, and the width of a bar.

    A narrow terminal has no room for a bar.
    """
    width = 24 if console.width >= 100 else 10 if console.width >= 72 else 0
    # rich draws bars in ASCII where the encoding has no other signs, but not spinners.
    spinner = SpinnerColumn("line" if console.options.ascii_only else "dots")
    bar = [BarColumn(width)] if width else []
    title = _text("{task.description}")
    bars = _BarsUnderHeadline(
        *(spinner, title, *bar, *columns),
        console=console,
        get_time=get_time,
        redirect_stdout=False,  # what goes to stdout while bars move would end up on stderr
    )
    bars.headline = headline
    return bars, width


def _text(form: str) -> TextColumn:
    return TextColumn(form, markup=False, table_column=_one_line())


def _one_line() -> Column:
    """Return a column that a narrow terminal crops: rich would break the line, or end it with a sign beyond ASCII."""
    return Column(no_wrap=True, overflow="crop")


class _BarsUnderHeadline(Progress):
    """rich's bars below a line, if there is one."""

    headline: Callable[[], str] = str

    def get_renderables(self) -> Iterator[RenderableType]:
        if text := self.headline():
            yield Text(text)
        yield from super().get_renderables()


class _TimeLeft(ProgressColumn):
    """Shows what is left of the time that a task is expected to take, also between two polls."""

    def render(self, task: Task) -> Text:
        left_s = (task.fields["estimate_s"] or 0.0) - (task.elapsed or 0.0)
        return Text(f"about {format_duration(left_s)} left" if left_s > 0 and not task.finished else "")
