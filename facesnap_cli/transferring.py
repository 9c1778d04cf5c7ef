"""Exports and imports as commands run them, and as they list them beside the operations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from facesnap_cli.archive.transfers import Transfer, Transfers, unfinished
from facesnap_cli.database import DatabaseError
from facesnap_cli.errors import FacesnapError, NotFoundError
from facesnap_cli.journal import JournalError
from facesnap_cli.models import is_guid
from facesnap_cli.operations import Operation, OperationKind
from facesnap_cli.progress import Counting, counting_for
from facesnap_cli.settings import state_directory
from facesnap_cli.views import ENDED_OPERATION, OPERATION, View
from facesnap_cli.workflows.outcomes import combined

if TYPE_CHECKING:
    from facesnap_cli.context import App
    from facesnap_cli.workflows.wait import Outcome


_NONE_OPEN = "no open operations"


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
        app.watched.command = transfer.command
        yield noted
        app.watched.command = ""


def operation_named(app: App, reference: str) -> Operation:
    """Return the operation of this id, intent or prefix; an id unknown to the journal is asked for and taken up.

    Raises NotFoundError for anything else.
    """
    found = app.journal.find(reference)
    if found:
        return found
    if not is_guid(reference):
        raise NotFoundError(
            f"the journal knows no operation {reference}", hint="facesnap status --all shows those that it knows"
        )
    try:
        answer = app.snapshots.operation(reference)
    except NotFoundError as error:
        error.hint = error.hint or "check --profile: it may be another account's operation"
        raise
    account, now = app.account, app.clock.now()
    found = Operation.intended(
        OperationKind.TAKE,
        profile=account.profile,
        endpoint=account.endpoint,
        subscription_id=account.subscription_id,
        object_type="",
        object_id="",
        owner="",
        now=now,
    )
    return app.journal.add_found(found.submitted(reference.lower(), now).seen(answer, now))


def look(app: App, references: Sequence[str], *, finished: bool) -> None:
    """Look once at what is meant, and print it; without `references` at all that is open, or `finished` too."""
    others, transfers = _split(app, references, finished=finished)
    operations: Sequence[Operation] = [operation_named(app, reference) for reference in others]
    if not references:
        operations = app.journal.all_operations() if finished else app.journal.open_operations()
    outcomes = app.waiter().look_at_all(operations, named=bool(references))
    _report(app, outcomes, transfers, [], nothing="no operations" if finished else _NONE_OPEN)


def wait(app: App, references: Sequence[str], *, first_is_enough: bool) -> None:
    """Wait for what is meant, and print it; without `references` for all that is open.

    A transfer is waited for while another process works on it. One that nobody works on ends in the error that says
    how to go on with it.
    """
    others, transfers = _split(app, references)
    operations: Sequence[Operation] = [operation_named(app, reference) for reference in others]
    if not references:
        operations = app.journal.open_operations()
    outcomes = app.wait(operations, first_is_enough=first_is_enough)
    if first_is_enough and outcomes:
        transfers = []
    if transfers:
        with closing(_transfers(app)) as known:
            transfers = known.wait(transfers, app.settings["timeout"])
    view = ENDED_OPERATION if first_is_enough else OPERATION
    _report(app, outcomes, transfers, [unfinished(transfer) for transfer in transfers], view, nothing=_NONE_OPEN)


def _report(
    app: App,
    outcomes: Sequence[Outcome],
    transfers: Sequence[Transfer],
    also: Sequence[FacesnapError | None],
    view: View = OPERATION,
    *,
    nothing: str,
) -> None:
    """Print operations and transfers. Raises what the operations failed with and what is `also` wrong, together."""
    documents = [one.operation.document(app.clock.now()) for one in outcomes]
    documents += [transfer.document() for transfer in transfers]
    app.output.records(documents, view, nothing=nothing)
    failures = [*(one.failure for one in outcomes), *also]
    if app.journal.set_aside:
        raise JournalError(f"what the damaged journal knew is not shown; it is kept as {app.journal.set_aside}")
    app.raise_if(combined([failure for failure in failures if failure], len(documents), "operations"))


def _split(app: App, references: Sequence[str], *, finished: bool = False) -> tuple[Sequence[str], Sequence[Transfer]]:
    """Return the references that mean no transfer, and the transfers that are meant: without any, the open ones.

    A list that cannot be read is no reason not to look at the operations.
    """
    if not Transfers.are_listed(state_directory(app.environment)):
        return references, []
    try:
        with closing(_transfers(app)) as transfers:
            if not references:
                return [], transfers.all() if finished else transfers.unfinished()
            found = {reference: transfers.find(reference) for reference in references}
    except (OSError, sqlite3.Error, DatabaseError) as error:
        app.messages.warn(f"the list of exports and imports cannot be read: {error}")
        return references, []
    return [name for name, transfer in found.items() if not transfer], [one for one in found.values() if one]


def _transfers(app: App) -> Transfers:
    return Transfers(state_directory(app.environment), app.clock)
