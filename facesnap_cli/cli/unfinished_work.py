"""Find and print operations, exports and imports, for the commands that take both: status and wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, NamedTuple

from facesnap_cli.common.errors import FacesnapError, Unknown, UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.patterns import pattern
from facesnap_cli.common.sqlite import DatabaseError
from facesnap_cli.display.columns import OPERATION, View
from facesnap_cli.journal.store import JournalError
from facesnap_cli.journal.transfer_record import Transfer
from facesnap_cli.journal.transfers import Transfers
from facesnap_cli.models.operations import Operation
from facesnap_cli.operations.batch_errors import combined
from facesnap_cli.operations.batch_totals import total_of
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.find_operations import find_operation

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App
    from facesnap_cli.operations.wait import Outcome

NONE_OPEN = "no open operations"
_REFERENCE = pattern(r"[0-9A-Za-z-]{1,64}")


class Work(NamedTuple):
    """Operations, and exports and imports."""

    operations: Sequence[Operation]
    transfers: Sequence[Transfer]


def find_work(
    app: App,
    references: Sequence[str],
    *,
    ended_too: bool = False,
    find: Callable[[Dependencies, str], Operation] = find_operation,
) -> Work:
    """Return the work that the references name; without any all open work, or `ended_too`.

    If the list of exports and imports cannot be read, that is a warning. Raises UsageError for a reference that cannot
    be an id, and what `find` raises for one that names no operation.
    """
    references = list(dict.fromkeys(reference.strip() for reference in references))
    for reference in references:
        if not _REFERENCE.fullmatch(reference):
            raise UsageError(
                f"{harmless(reference)[:40]}: an operation's id has letters, digits and - alone",
                hint=Hint(command("status", "--all"), " shows the operations that there are"),
                unknown=Unknown("operation", reference),
            )
    transfers = _transfers(app, references, ended_too=ended_too)
    if references:
        rest = [reference for reference in references if reference not in transfers]
        return Work([find(app.dependencies, reference) for reference in rest], list(transfers.values()))
    journal = app.dependencies.journal
    return Work(journal.all_operations() if ended_too else journal.open_operations(), list(transfers.values()))


def report_work(
    app: App,
    outcomes: Sequence[Outcome],
    transfers: Sequence[Transfer],
    view: View = OPERATION,
    *,
    nothing: str,
    transfer_failures: Sequence[FacesnapError | None] = (),
    has_total: bool = False,
) -> None:
    """Print operations and transfers, and their total if it `has_total`. Raises what they failed with, together."""
    operations = [outcome.operation.document(app.clock.now()) for outcome in outcomes]
    documents = operations + [transfer.document() for transfer in transfers]
    rows = operations + [transfer.row() for transfer in transfers]
    app.output.records(documents, view, rows=rows, nothing=nothing)
    results = [(outcome.operation.title, outcome.failure) for outcome in outcomes]
    results += zip((each.title for each in transfers), transfer_failures or [None] * len(transfers), strict=True)
    for title, failure in results:
        if failure:
            failure.subject = title  # their messages begin with it
    if set_aside := app.dependencies.journal.set_aside:
        raise JournalError(f"what the damaged journal knew is not shown; it is kept as {set_aside}")
    total = total_of(str(document["status"]) for document in documents) if has_total and len(documents) > 1 else ""
    app.conclude(combined(results, "operations"), total=total)


def _transfers(app: App, references: Sequence[str], *, ended_too: bool) -> dict[str, Transfer]:
    """Return the exports and imports that the references name, by reference; without any the open ones, by id."""
    if not Transfers.are_listed(app.dependencies.state_directory):
        return {}
    from facesnap_cli.archives.replacement import settled

    try:
        with closing(app.dependencies.open_transfers()) as transfers:
            if references:
                found = {reference: _transfer(app, transfers, reference) for reference in references}
                return {reference: settled(transfer) for reference, transfer in found.items() if transfer}
            listed = transfers.all() if ended_too else transfers.unfinished()
            return {transfer.id: settled(transfer) for transfer in listed}
    except DatabaseError as error:
        app.messages.warn(f"the list of exports and imports cannot be read: {error}")
        return {}


def _transfer(app: App, transfers: Transfers, reference: str) -> Transfer | None:
    """Return the export or import of this id. Raises UsageError if a prefix begins the id of an operation, too."""
    found = transfers.find(reference)
    if found is None or found.id == reference.lower():
        return found
    with suppress(UsageError):  # several operations are not more ambiguous than one
        if app.dependencies.journal.find(reference) is None:
            return found
    raise UsageError(
        f"{reference} begins the ids of an operation and of {found.title}",
        hint=Hint("give more of it; ", command("status", "--all"), " shows both"),
    )
