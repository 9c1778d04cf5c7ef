"""Show progress in a log: a line for each new status, step and result, and every five minutes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TextIO

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.display.run_progress import Item, RunProgress
from facesnap_cli.models.operations import Operation

LINE_EVERY_S = 300.0


class ProgressLines(RunProgress):
    """Writes lines. `title_of` says what a line calls an operation of an item."""

    def __init__(
        self,
        clock: Clock,
        names: Iterable[str],
        on_operation: Callable[[Operation], None] = lambda operation: None,
        title_of: Callable[[Item, Operation], str] = lambda item, operation: f"{item.name}:",
        stream: TextIO | None = None,
    ):
        super().__init__(clock, names, on_operation)
        self._title_of = title_of
        self._stream = stream or sys.stderr
        self._shown: dict[str, tuple[str, float]] = {}

    def show_step(self, item: Item, *, logged: bool) -> None:
        if logged:
            self._show(item.name, item.tally.step, f"{item.name}: {item.stage}")

    def show_count(self, item: Item) -> None:
        self._show(item.name, item.tally.step, f"{item.name}: {item.stage}")

    def show_operation(self, item: Item, operation: Operation) -> None:
        status, elapsed = operation.state.status.value, format_duration(operation.elapsed_s(self.clock.now()))
        line = f"{self._title_of(item, operation)} {status} after {elapsed} ({operation.reference})"
        self._show(operation.intent, status, line)

    def show_end(self, item: Item) -> None:
        self._line(f"{item.name}: {item.result}")

    def _show(self, key: str, state: str, line: str) -> None:
        """Write a line if the state has changed, or if the last line is old."""
        now = self.clock.monotonic()
        before, shown_at = self._shown.get(key, ("", 0.0))
        if state != before or now - shown_at >= LINE_EVERY_S:
            self._shown[key] = (state, now)
            self._line(line)

    def _line(self, text: str) -> None:
        self._stream.write(f"{harmless(text)}\n")
        self._stream.flush()
