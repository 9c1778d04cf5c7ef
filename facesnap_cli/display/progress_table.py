"""Show the progress of a run at a terminal: a live table of items under way and failed items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from facesnap_cli.common.escape import harmless
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.display.column_width import cut, ellipsis_for, shortened
from facesnap_cli.display.run_progress import EstimateOf, Item, RunProgress, View

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table
    from rich.text import Text


_TIMES_COLUMNS = 8 + 12 + 4  # of ELAPSED and LEFT, and a space beside each of the four columns


class ProgressTable(View):
    """Shows a row for each item that is under way or failed, and a line that counts the items.

    rich draws it from a thread of its own, four times a second.
    """

    def __init__(self, run: RunProgress, estimate_of: EstimateOf, *, color: bool):
        from rich.console import Console
        from rich.live import Live

        super().__init__(run)
        self._estimate_of = estimate_of
        console = Console(stderr=True, no_color=not color, highlight=False, emoji=False)
        self._ellipsis = ellipsis_for(console.encoding)
        self._live = Live(self, console=console, transient=True, refresh_per_second=4, redirect_stdout=False)
        self._live.start()

    def close(self) -> None:
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self.run.lock:
            yield from self._drawn(max(1, options.size.height - 3), options.max_width)

    def _drawn(self, room: int, width: int) -> Iterator[Table | Text]:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
        free = width - _TIMES_COLUMNS
        of_name, of_stage = max(1, free * 2 // 7), max(1, free * 5 // 7)
        for title, columns in (("ITEM", of_name), ("STAGE", of_stage), ("ELAPSED", 8), ("LEFT", 12)):
            table.add_column(title, no_wrap=True, overflow="crop", width=columns)
        items = list(self.run.items.values())
        active = [item for item in items if item.started_at is not None and not item.result]
        failed = [item for item in items if item.result and not item.ok]
        for item in [*active, *failed][:room]:
            stage, *times = self._cells(item, of_stage)
            name = shortened(harmless(item.name), of_name, self._ellipsis)
            table.add_row(*map(Text, (name, cut(harmless(stage), of_stage, self._ellipsis), *times)))
        ended = sum(bool(item.result) for item in items)
        yield table
        yield Text(f"{ended} of {len(items)} ended, {len(failed)} failed", style="dim")

    def _cells(self, item: Item, stage_columns: int) -> tuple[str, str, str]:
        if item.result or item.started_at is None:
            return item.result, "", ""
        elapsed, stage, left = format_duration(self.clock.monotonic() - item.started_at), item.stage, ""
        if item.operation:
            status = item.operation.state.status.value
            room = max(1, stage_columns - len(f"{item.stage} : {status}"))
            stage = f"{item.stage} {shortened(item.operation.object_id, room, self._ellipsis)}: {status}"
            estimate_s = self._estimate_of(item.operation) if item.operation.state.is_open else None
            left_s = (estimate_s or 0.0) - item.operation.elapsed_s(self.clock.now())
            left = f"about {format_duration(left_s)}" if left_s > 0 else ""
        return stage, elapsed, left
