"""Show progress in a log: a line for each new status, step and result, after a minute, and every five minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from facesnap_cli.common.escape import harmless
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.display.run_progress import Item, RunProgress, View
from facesnap_cli.models.operations import Operation

LINE_EVERY_S = 300.0
FIRST_LINE_AFTER_S = 60.0  # of a step: by then its rate and the time left are known


class ProgressLines(View):
    """Writes lines. `title_of` returns what a line calls an operation of an item."""

    def __init__(self, run: RunProgress, write: Callable[[str], None], title_of: Callable[[Item, Operation], str]):
        super().__init__(run)
        self._write = write
        self._title_of = title_of
        self._shown: dict[str, tuple[str, float]] = {}  # the state of the last line, and when the next one is due

    def show_step(self, item: Item, *, logged: bool) -> None:
        if logged:
            self._show(item.name, item.tally.step, f"{item.name}: {item.stage}", again_after_s=FIRST_LINE_AFTER_S)

    def show_count(self, item: Item) -> None:
        self._show(item.name, item.tally.step, f"{item.name}: {item.stage}")

    def show_operation(self, item: Item, operation: Operation) -> None:
        status, elapsed = operation.state.status.value, format_duration(operation.elapsed_s(self.clock.now()))
        line = f"{self._title_of(item, operation)} {status} after {elapsed} ({operation.reference})"
        self._show(operation.intent, status, line)

    def show_end(self, item: Item) -> None:
        self._write(f"{item.name}: {item.result}")

    def show_unchanged(self, item: Item) -> None:
        if item.operation:
            if item.operation.state.is_open:
                self.show_operation(item, item.operation)
        elif item.tally.step in self._shown.get(item.name, ()):  # a step that is logged
            self.show_count(item)

    def _show(self, key: str, state: str, line: str, *, again_after_s: float = LINE_EVERY_S) -> None:
        """Write a line if the state has changed, or if the next one is due: `again_after_s` after a change."""
        now = self.clock.monotonic()
        before, due_at = self._shown.get(key, ("", 0.0))
        if state != before or now >= due_at:
            self._shown[key] = (state, now + (again_after_s if state != before else LINE_EVERY_S))
            self._write(line)


def line_writer(stream: TextIO) -> Callable[[str], None]:
    """Return what writes a line to a stream at once, with control characters escaped."""

    def write(text: str) -> None:
        stream.write(f"{harmless(text)}\n")
        stream.flush()

    return write
