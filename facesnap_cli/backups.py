"""What `copy` and `run` share: what their copies work with, and the screen that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facesnap_cli.polling import Schedule
from facesnap_cli.progress_items import ItemsProgress, items_progress_for
from facesnap_cli.workflows.copy import Copy, Means
from facesnap_cli.workflows.jobs import CopyResult, WantedCopy

if TYPE_CHECKING:
    from facesnap_cli.context import App
    from facesnap_cli.operations import Operation


@dataclass(frozen=True, slots=True)
class Watcher:
    """Shows one item on the screen, and lets an interruption know its operations."""

    app: App
    progress: ItemsProgress
    name: str

    def stage(self, text: str) -> None:
        self.progress.stage(self.name, text)

    def operation(self, operation: Operation) -> None:
        self.app.watch(operation)
        self.progress.operation(self.name, operation)


def means_of(app: App) -> Means:
    """Return what this run's copies work with."""
    app.repeatable = True
    return Means(
        journal=app.journal,
        clock=app.clock,
        waiter=app.waiter,
        warn=app.messages.warn,
        schedule=Schedule(interval_s=app.settings["poll_interval"]),
        timeout_s=app.settings["timeout"],
    )


@contextmanager
def screen(app: App, names: Sequence[str]) -> Iterator[Callable[[str], Watcher]]:
    """Show items on stderr while the block runs; gives the watcher of each by its name."""
    progress = items_progress_for(
        app.clock,
        list(names),
        quiet=app.options.quiet,
        color=app.color,
        estimate_of=lambda one: app.journal.estimate_s(one.kind, one.object_type, one.object_id),
    )
    try:
        yield lambda name: Watcher(app, progress, name)
    finally:
        progress.close()


def copy_with_progress(app: App, wanted: WantedCopy) -> CopyResult:
    """Copy one object, with progress on stderr."""
    name = wanted.take.object_id
    with screen(app, [name]) as watcher:
        return Copy(means_of(app), wanted, watcher(name)).run()
