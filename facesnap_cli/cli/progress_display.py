"""Show on stderr how far copies, exports and imports are, while a block runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from facesnap_cli.common.hints import NO_COMMAND
from facesnap_cli.common.progress import Progress
from facesnap_cli.display.run_progress import show_run, show_steps
from facesnap_cli.journal.durations import estimate_s
from facesnap_cli.journal.transfer_record import Transfer

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App
    from facesnap_cli.journal.transfers import RunningTransfer
    from facesnap_cli.operations.wait import OperationProgress


@contextmanager
def run_progress(
    app: App, names: Sequence[str], *, is_wait: bool = False
) -> Iterator[Callable[[str], OperationProgress]]:
    """Show copies and exports by their names. Yields what gives the progress of each.

    The items of a wait are operations, named by their intents.
    """
    progress = show_run(
        app.clock,
        names,
        quiet=app.options.quiet or not names,
        color=app.color,
        estimate_of=partial(estimate_s, app.dependencies.journal),
        on_operation=app.resume_hints.add,
        is_wait=is_wait,
        log=app.log,
    )
    try:
        yield progress.items.__getitem__
    finally:
        progress.close()


@contextmanager
def step_progress(app: App, title: str) -> Iterator[Progress]:
    """Show how far each step of some work is."""
    shown = show_steps(app.clock, title, quiet=app.options.quiet, color=app.color, log=app.log)
    try:
        yield shown.items[title]
    finally:
        shown.close()


@contextmanager
def transfer_progress(app: App, transfer: Transfer) -> Iterator[RunningTransfer]:
    """Show how far an export or import is, and keep it in the list of exports and imports."""
    with (
        closing(app.dependencies.open_transfers()) as transfers,
        step_progress(app, transfer.title) as shown,
        transfers.running(transfer, shown) as recorded,
    ):
        app.resume_hints.command = transfer.command
        yield recorded
        app.resume_hints.command = NO_COMMAND
    app.dependencies.forget_old_transfers()
