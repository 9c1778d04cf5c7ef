"""The items of a run and how far they are, and the choice of the views that show them.

The items of a wait are its operations; an export or an import is one item.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.progress import Tally
from facesnap_cli.models.operations import Operation, OperationKind

if TYPE_CHECKING:
    from facesnap_cli.display.log_file import LogFile

# Returns how many seconds an operation is expected to take, if that is known.
EstimateOf = Callable[[Operation], float | None]
SHOWN_EVERY_S = 30.0


class Item:
    """One item of a run, as far as the screen shows it. Safe for several threads."""

    def __init__(self, run: RunProgress, name: str):
        self.run = run
        self.name = name
        self.tally = Tally(run.clock)
        self.stage = ""
        self.started_at: float | None = None
        self.operation: Operation | None = None
        self.result = ""
        self.ok = True

    def begin(self, step: str, total: int | None = None, *, logged: bool = True) -> None:
        """Start a step. Unless it is `logged`, only a terminal shows it."""
        with self.run.lock:
            self.tally.begin(step, total)
            self.stage, self.operation = self.tally.title(), None
            self.started_at = self.run.clock.monotonic() if self.started_at is None else self.started_at
            for view in self.run.views:
                view.show_step(self, logged=logged)

    def advance(self, number: int = 1) -> None:
        """Count parts of the step as done."""
        with self.run.lock:
            self.tally.advance(number)
            self.stage = str(self.tally)
            for view in self.run.views:
                view.show_count(self)

    def update(self, operation: Operation) -> None:
        """Show an operation of the item as it is now."""
        self.run.on_operation(operation)
        with self.run.lock:
            self.operation = operation
            for view in self.run.views:
                view.show_operation(self, operation)

    def end(self, result: str, *, ok: bool) -> None:
        """Show the result of the item."""
        with self.run.lock:
            self.result, self.ok = result, ok
            for view in self.run.views:
                view.show_end(self)


class RunProgress:
    """The items of a run, and the views that show them. `on_operation` is called with each state of an operation."""

    def __init__(
        self, clock: Clock, names: Iterable[str], on_operation: Callable[[Operation], None] = lambda operation: None
    ):
        self.clock = clock
        self.on_operation = on_operation
        self.lock = threading.Lock()
        self.items = {name: Item(self, name) for name in names}
        self.views: list[View] = []
        self._closed = threading.Event()

    def keep_showing(self) -> None:
        """Start a thread that shows the items again while nothing about them is reported."""
        threading.Thread(target=self._show_unchanged, name="progress", daemon=True).start()

    def close(self) -> None:
        """End all views."""
        with self.lock:
            self._closed.set()
        for view in self.views:
            view.close()

    def _show_unchanged(self) -> None:
        while not self._closed.wait(SHOWN_EVERY_S):
            with self.lock:
                for item in self.items.values():
                    for view in self.views if not (item.result or self._closed.is_set()) else ():
                        view.show_unchanged(item)


class View:
    """Shows the items of a run. Its methods `show_…` are called with the run's `lock` held."""

    def __init__(self, run: RunProgress):
        self.run = run
        self.clock = run.clock

    def close(self) -> None:
        return

    def show_step(self, item: Item, *, logged: bool) -> None:
        return

    def show_count(self, item: Item) -> None:
        return

    def show_operation(self, item: Item, operation: Operation) -> None:
        return

    def show_end(self, item: Item) -> None:
        return

    def show_unchanged(self, item: Item) -> None:
        return


def show_run(
    clock: Clock,
    names: Iterable[str],
    *,
    quiet: bool,
    color: bool,
    estimate_of: EstimateOf,
    on_operation: Callable[[Operation], None],
    is_wait: bool = False,
    log: LogFile | None = None,
) -> RunProgress:
    """Show items by their names: a table or bars at a terminal, else lines; lines in the `log`, too.

    The items of a wait are operations, named by their intents; those of another run are copies and exports.
    """
    run = RunProgress(clock, names, on_operation)
    title_of = _title_in_wait if is_wait else _title_in_run
    if not quiet and _is_terminal():
        from facesnap_cli.display.progress_bars import OperationBars
        from facesnap_cli.display.progress_table import ProgressTable

        run.views.append((OperationBars if is_wait else ProgressTable)(run, estimate_of, color=color))
    _add_lines(run, quiet, log, title_of)
    return run


def show_steps(clock: Clock, title: str, *, quiet: bool, color: bool, log: LogFile | None = None) -> RunProgress:
    """Show the steps of a single item, `title`: a bar for each at a terminal, else lines; lines in the `log`, too."""
    run = RunProgress(clock, [title])
    if not quiet and _is_terminal():
        from facesnap_cli.display.progress_bars import StepBars

        run.views.append(StepBars(run, title, color=color))
    _add_lines(run, quiet, log, _title_in_run)
    return run


def _add_lines(run: RunProgress, quiet: bool, log: LogFile | None, title_of: Callable[[Item, Operation], str]) -> None:
    from facesnap_cli.display.progress_lines import ProgressLines, line_writer

    if not quiet and not _is_terminal():
        run.views.append(ProgressLines(run, line_writer(sys.stderr), title_of))
    if log:
        run.views.append(ProgressLines(run, log.write, title_of))
    if any(isinstance(view, ProgressLines) for view in run.views):
        run.keep_showing()


def _title_in_wait(item: Item, operation: Operation) -> str:
    return f"{operation.title}:"


def _title_in_run(item: Item, operation: Operation) -> str:
    where = f" to {operation.profile}:{operation.object_id}" if operation.kind is OperationKind.APPLY else ""
    return f"{item.name}: {operation.kind}{where}"


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
