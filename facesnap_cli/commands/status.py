"""facesnap status"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import ConflictError, UsageError
from facesnap_cli.common.hints import NO_COMMAND, Hint, command

if TYPE_CHECKING:
    from facesnap_cli.models.operations import Operation
    from facesnap_cli.operations.wait import Outcome

app = typer_app()
ForgetOption = Annotated[bool, typer.Option("--forget", help="Take these off the list. It asks, or needs --yes.")]
AllOption = Annotated[bool, typer.Option("--all", help="Also those that have ended.")]
FORGOTTEN = "forgotten with facesnap status --forget"


@app.command(cls=ServiceCommand)
def status(
    ctx: typer.Context,
    operations: options.OperationsArgument = None,
    all: AllOption = False,
    forget: ForgetOption = False,
    yes: options.YesOption = False,
) -> None:
    """Look once at operations: those given, or all that the journal knows to be open.

    facesnap status -o json --query "[?status=='running']"
    """
    from facesnap_cli.cli.unfinished_work import NONE_OPEN, find_work, report_work

    app, references = App.of(ctx), operations or []
    if forget:
        _forget(app, references, consent=yes)
    else:
        began = app.clock.now()
        work = find_work(app, references, ended_too=all)
        outcomes = _poll(app, work.operations, named=bool(references), since=began) if work.operations else []
        report_work(app, outcomes, work.transfers, nothing="no operations" if all else NONE_OPEN)
        is_waiting = any(outcome.operation.state.is_open for outcome in outcomes)
        app.conclude(then=command("wait", *references) if is_waiting else NO_COMMAND)


def _poll(app: App, operations: Sequence[Operation], *, named: bool, since: datetime) -> list[Outcome]:
    from facesnap_cli.operations.wait import Waiter

    return Waiter(app.dependencies).poll_all(operations, named=named, since=since)


def _forget(app: App, references: list[str], *, consent: bool) -> None:
    """Take work off the list of open work, and print it. The service is not told.

    Raises UsageError without consent, NotFoundError for unknown work, ConflictError if a process works on it.
    """
    from contextlib import closing

    from facesnap_cli.cli.unfinished_work import find_work
    from facesnap_cli.display.columns import OPERATION
    from facesnap_cli.display.prompts import confirm, require_consent
    from facesnap_cli.operations.find_operations import find_known_operation

    if not references:
        raise UsageError(
            "--forget needs the ids of what is to be forgotten", hint=Hint(command("status", "-o", "id"), " shows them")
        )
    work = find_work(app, references, find=find_known_operation)
    require_consent("--forget", given=consent, hint="--yes agrees")
    titles = [*(operation.title for operation in work.operations), *(transfer.title for transfer in work.transfers)]
    confirm(
        "Forget this?",
        given=consent,
        undone="nothing was forgotten",
        reporter=app.messages,
        about=[f"about to forget {title}: it will no longer be listed as open or waited for" for title in titles],
    )
    journal, now = app.dependencies.journal, app.clock.now()
    busy = [operation.title for operation in work.operations if journal.is_being_sent(operation)]
    busy += [transfer.title for transfer in work.transfers if transfer.state == "running"]
    if busy:
        raise ConflictError(f"another process is at work on {busy[0]}; nothing was forgotten", resume=command("wait"))
    forgotten = [
        journal.save(operation.abandoned(FORGOTTEN, now)) if operation.state.is_open else operation
        for operation in work.operations
    ]
    documents = [operation.document(now) for operation in forgotten]
    if work.transfers:
        with closing(app.dependencies.open_transfers()) as transfers:
            documents += [transfers.take_off(transfer).document() for transfer in work.transfers]
    app.output.records(documents, OPERATION)
