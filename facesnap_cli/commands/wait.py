"""facesnap wait"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

if TYPE_CHECKING:
    from facesnap_cli.cli.unfinished_work import Work
    from facesnap_cli.common.errors import FacesnapError
    from facesnap_cli.journal.transfer_record import Transfer
    from facesnap_cli.operations.wait import Outcome

app = typer_app()
AnyOption = Annotated[bool, typer.Option("--any", help="Return when the first of them has ended.")]


@app.command(cls=ServiceCommand)
def wait(
    ctx: typer.Context,
    operations: options.OperationsArgument = None,
    any: AnyOption = False,
    timeout: options.TimeoutOption = None,
    poll_interval: options.PollIntervalOption = None,
) -> None:
    """Wait for operations: those given, or all that the journal knows to be open.

    facesnap wait --timeout 4h
    """
    from facesnap_cli.cli.unfinished_work import NONE_OPEN, find_work, report_work
    from facesnap_cli.cli.waiting import wait_for
    from facesnap_cli.display.columns import ENDED_OPERATION, WAITED_OPERATION

    app = App.of(ctx)
    app.choose(timeout=timeout, poll_interval=poll_interval)
    work, view = find_work(app, operations or []), ENDED_OPERATION if any else WAITED_OPERATION
    failures: Sequence[FacesnapError | None] = ()
    if work.transfers:
        outcomes, transfers, failures = _wait_for_all(app, work, first_is_enough=any)
    else:
        outcomes, transfers = wait_for(app, work.operations, first_is_enough=any), []
    report_work(app, outcomes, transfers, view, nothing=NONE_OPEN, transfer_failures=failures, has_total=True)


def _wait_for_all(
    app: App, work: Work, *, first_is_enough: bool
) -> tuple[list[Outcome], list[Transfer], list[FacesnapError | None]]:
    """Wait for operations, and for exports and imports while another process works on them.

    Returns what came of the operations, the exports and imports as they are now, and why some of those have not
    succeeded: one that no process works on fails with the command that resumes it.
    """
    from contextlib import closing
    from functools import partial

    from facesnap_cli.archives.replacement import settled
    from facesnap_cli.cli.waiting import wait_for
    from facesnap_cli.journal.transfer_record import unfinished

    with closing(app.dependencies.open_transfers()) as known:
        running = {each.id: partial(known.has_stopped, each.id) for each in work.transfers if each.state == "running"}
        outcomes = wait_for(app, work.operations, first_is_enough=first_is_enough, others=running)
        transfers = [settled(known.find(transfer.id) or transfer) for transfer in work.transfers]
    reported = transfers
    if first_is_enough and (work.operations or running):
        # Nobody waited for those that no process worked on, and once one has ended the others have not failed.
        waited_for = [transfer for transfer in transfers if transfer.id in running]
        stopped = [transfer for transfer in waited_for if transfer.state != "running"]
        one_has_ended = stopped or any(not outcome.operation.state.is_open for outcome in outcomes)
        reported = stopped if one_has_ended else waited_for
    return outcomes, transfers, [unfinished(transfer) for transfer in reported]
