"""Exports and imports as commands run them, and as they list them beside the operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from facesnap_cli.archive.transfers import Transfer, Transfers, unfinished
from facesnap_cli.operations import Operation
from facesnap_cli.output import OPERATION
from facesnap_cli.progress import Counting, counting_for
from facesnap_cli.settings import state_directory
from facesnap_cli.workflows.outcomes import combined

if TYPE_CHECKING:
    from facesnap_cli.context import App


@contextmanager
def counting(app: App, title: str) -> Iterator[Counting]:
    """Show on stderr how far a work of many items is."""
    shown = counting_for(title, app.clock, quiet=app.options.quiet, color=app.color)
    try:
        yield shown
    finally:
        shown.close()


@contextmanager
def transferring(app: App, transfer: Transfer) -> Iterator[Counting]:
    """Keep an export or import in the list while it runs, and show on stderr how far it is."""
    with (
        closing(_transfers(app)) as transfers,
        counting(app, transfer.title) as shown,
        transfers.running(transfer, shown) as noted,
    ):
        app.resume_command = transfer.command
        yield noted
        app.resume_command = ""


def look(app: App, references: Sequence[str], *, finished: bool) -> None:
    """Look once at what is meant, and print it; without `references` at all that is open, or `finished` too."""
    with closing(_transfers(app)) as transfers:
        operations, chosen = _named(app, transfers, references)
        if not references:
            operations = app.journal.all_operations() if finished else app.journal.open_operations()
            chosen = transfers.all() if finished else transfers.unfinished()
    outcomes = app.waiter().look_at_all(operations)
    documents = [one.operation.document(app.clock.now()) for one in outcomes]
    app.output.records([*documents, *(transfer.document() for transfer in chosen)], OPERATION)
    app.raise_if(combined([one.failure for one in outcomes if one.failure], len(documents), "operations"))


def wait(app: App, references: Sequence[str], *, first_is_enough: bool) -> None:
    """Wait for what is meant, and print it; without `references` for all that is open.

    A transfer is waited for while another process works on it. One that nobody works on ends in the error that says
    how to go on with it.
    """
    with closing(_transfers(app)) as transfers:
        operations, chosen = _named(app, transfers, references)
        if not references:
            operations, chosen = app.journal.open_operations(), transfers.unfinished()
        outcomes = app.wait(operations, first_is_enough=first_is_enough)
        if first_is_enough and outcomes:
            chosen = []
        chosen = transfers.wait(chosen, app.settings["timeout"])
    documents = [one.operation.document(app.clock.now()) for one in outcomes]
    app.output.records([*documents, *(transfer.document() for transfer in chosen)], OPERATION)
    failures = [*(one.failure for one in outcomes), *(unfinished(transfer) for transfer in chosen)]
    app.raise_if(combined([failure for failure in failures if failure], len(failures), "operations"))


def _transfers(app: App) -> Transfers:
    return Transfers(state_directory(app.environment), app.clock)


def _named(app: App, transfers: Transfers, references: Sequence[str]) -> tuple[Sequence[Operation], Sequence[Transfer]]:
    found = {reference: transfers.find(reference) for reference in references}
    operations = [app.operation_named(reference) for reference, transfer in found.items() if transfer is None]
    return operations, [transfer for transfer in found.values() if transfer]
