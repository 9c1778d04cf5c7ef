"""Exports and imports as commands run them, and as they list them beside the operations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from facesnap_cli.cli.waiting import wait as wait_for
from facesnap_cli.common.errors import ConflictError, FacesnapError, NotFoundError, UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.sqlite import DatabaseError
from facesnap_cli.display.columns import ENDED_OPERATION, OPERATION, View
from facesnap_cli.display.prompts import confirm, require_consent
from facesnap_cli.journal.store import JournalError
from facesnap_cli.journal.transfer_record import Transfer, unfinished
from facesnap_cli.journal.transfers import Transfers
from facesnap_cli.models.ids import is_guid
from facesnap_cli.models.operations import Operation, OperationKind
from facesnap_cli.operations.batch_errors import combined
from facesnap_cli.operations.wait import Waiter

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App
    from facesnap_cli.operations.wait import Outcome

_REFERENCE = re.compile(r"[0-9A-Za-z-]{1,64}")
_FORGOTTEN = "forgotten with facesnap status --forget"
_NONE_OPEN = "no open operations"


def operation_named(app: App, reference: str) -> Operation:
    """Return the operation of this id, intent or prefix; an id unknown to the journal is asked for and taken up.

    Raises NotFoundError for anything else.
    """
    if not is_guid(reference):
        return _known_operation(app, reference)
    found = app.dependencies.journal.find(reference)
    if found:
        return found
    try:
        response = app.account.snapshots.operation(reference)
    except NotFoundError as error:
        error.hint = error.hint or Hint("check --profile: it may be another account's operation")
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
    return app.dependencies.journal.add_found(found.submitted(reference.lower(), now).polled(response, now))


def look(app: App, references: Sequence[str], *, finished: bool) -> None:
    """Look once at what is meant, and print it; without `references` at all that is open, or `finished` too."""
    others, transfers = _split(app, references, finished=finished)
    operations: Sequence[Operation] = [operation_named(app, reference) for reference in others]
    if not references:
        journal = app.dependencies.journal
        operations = journal.all_operations() if finished else journal.open_operations()
    outcomes = Waiter(app.dependencies).poll_all(operations, named=bool(references))
    _report(app, outcomes, transfers, [], nothing="no operations" if finished else _NONE_OPEN)


def wait(app: App, references: Sequence[str], *, first_is_enough: bool) -> None:
    """Wait for what is meant, and print it; without `references` for all that is open.

    A transfer is waited for while another process works on it. One that nobody works on ends in the error that says
    how to go on with it.
    """
    others, transfers = _split(app, references)
    operations: Sequence[Operation] = [operation_named(app, reference) for reference in others]
    if not references:
        operations = app.dependencies.journal.open_operations()
    view = ENDED_OPERATION if first_is_enough else OPERATION
    if not transfers:
        outcomes = wait_for(app, operations, first_is_enough=first_is_enough)
        _report(app, outcomes, [], [], view, nothing=_NONE_OPEN)
        return
    with closing(app.dependencies.open_transfers()) as known:
        at_work = {one.id: partial(known.has_stopped, one.id) for one in transfers if one.state == "running"}
        outcomes = wait_for(app, operations, first_is_enough=first_is_enough, others=at_work)
        transfers = [known.find(transfer.id) or transfer for transfer in transfers]
    meant = transfers
    if first_is_enough and (operations or at_work):
        # Those that nobody was at work on were not waited for, and once one has ended the others have not failed.
        waited_for = [transfer for transfer in transfers if transfer.id in at_work]
        stopped = [transfer for transfer in waited_for if transfer.state != "running"]
        one_has_ended = stopped or any(not outcome.operation.state.is_open for outcome in outcomes)
        meant = stopped if one_has_ended else waited_for
    _report(app, outcomes, transfers, [unfinished(transfer) for transfer in meant], view, nothing=_NONE_OPEN)


def forget(app: App, references: Sequence[str], *, agreed: bool) -> None:
    """Take what is meant off the list of what is open, and print it. In the service nothing changes.

    Raises UsageError where nobody agrees to it, NotFoundError for what is not known here, ConflictError for what a
    process is at work on.
    """
    if not references:
        raise UsageError(
            "--forget needs the ids of what is to be forgotten", hint=Hint(command("status", "-o", "id"), " shows them")
        )
    others, transfers = _split(app, references)
    operations = [_known_operation(app, reference) for reference in others]
    require_consent("--forget", given=agreed, hint="--yes agrees")
    titles = [*(operation.title for operation in operations), *(transfer.title for transfer in transfers)]
    confirm(
        "Forget this?",
        given=agreed,
        undone="nothing was forgotten",
        reporter=app.messages,
        about=[f"about to forget {title}: it will no longer be listed as open or waited for" for title in titles],
    )
    journal = app.dependencies.journal
    busy = [one.title for one in operations if journal.is_being_sent(one)]
    busy += [one.title for one in transfers if one.state == "running"]
    if busy:
        raise ConflictError(f"another process is at work on {busy[0]}; nothing was forgotten", resume=command("wait"))
    now = app.clock.now()
    forgotten = [journal.save(one.abandoned(_FORGOTTEN, now)) if one.state.is_open else one for one in operations]
    documents = [operation.document(now) for operation in forgotten]
    if transfers:
        with closing(app.dependencies.open_transfers()) as known:
            documents += [known.take_off(transfer).document() for transfer in transfers]
    app.output.records(documents, OPERATION)


def _known_operation(app: App, reference: str) -> Operation:
    found = app.dependencies.journal.find(reference)
    if found is None:
        raise NotFoundError(
            f"the journal knows no operation {reference}",
            hint=Hint(command("status", "--all"), " shows those that it knows"),
        )
    return found


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
    if set_aside := app.dependencies.journal.set_aside:
        raise JournalError(f"what the damaged journal knew is not shown; it is kept as {set_aside}")
    app.raise_if(combined([failure for failure in failures if failure], len(documents), "operations"))


def _split(app: App, references: Sequence[str], *, finished: bool = False) -> tuple[Sequence[str], Sequence[Transfer]]:
    """Return the references that mean no transfer, and the transfers that are meant: without any, the open ones.

    A list that cannot be read is no reason not to look at the operations. Raises UsageError for what can be no id.
    """
    references = [reference.strip() for reference in references]
    for reference in references:
        if not _REFERENCE.fullmatch(reference):
            raise UsageError(
                f"{harmless(reference)[:40]}: an operation's id has letters, digits and - alone",
                hint=Hint(command("status", "--all"), " shows the operations that there are"),
            )
    if not Transfers.are_listed(app.dependencies.state_directory):
        return references, []
    try:
        with closing(app.dependencies.open_transfers()) as transfers:
            if not references:
                return [], transfers.all() if finished else transfers.unfinished()
            found = {reference: transfers.find(reference) for reference in references}
    except DatabaseError as error:
        app.messages.warn(f"the list of exports and imports cannot be read: {error}")
        return references, []
    return [name for name, transfer in found.items() if not transfer], [one for one in found.values() if one]
