"""Wait for operations with progress on stderr."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from facesnap_cli.cli.progress_display import run_progress
from facesnap_cli.common.errors import StillRunningError
from facesnap_cli.common.hints import NO_COMMAND, Hint, command
from facesnap_cli.display.columns import WAITED_OPERATION, View
from facesnap_cli.display.sentences import SHORT_ID
from facesnap_cli.operations.quota import quota
from facesnap_cli.operations.wait import NO_OTHERS, Others, Outcome, Waiter

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App
    from facesnap_cli.models.operations import Operation


def wait_for(
    app: App, operations: Sequence[Operation], *, first_is_enough: bool = False, others: Others = NO_OTHERS
) -> list[Outcome]:
    """Wait for operations and return what came of each, under `--timeout` and `--poll-interval`."""
    dependencies = app.dependencies
    app.resume_hints.add(*operations)
    with run_progress(app, [operation.intent for operation in operations], is_wait=True) as progress_of:
        outcomes = Waiter(dependencies, lambda operation: progress_of(operation.intent).update(operation)).wait(
            operations, timeout_s=dependencies.timeout_s, first_is_enough=first_is_enough, others=others
        )
    dependencies.forget_old_operations()
    for outcome in outcomes if app.resume_hints.repeatable else ():
        if isinstance(outcome.failure, StillRunningError):
            outcome.failure.hint = Hint("to go on, and to verify the copy, run the same command again")
            outcome.failure.resume = NO_COMMAND
    return outcomes


def finish(app: App, operation: Operation, *, until_end: bool, finished: View) -> Operation:
    """Print one operation, after waiting for its end unless `until_end` is False. Raises what it failed with.

    If nobody waits, the command that does is the next one.
    """
    app.resume_hints.add(operation)
    app.messages.info(str(quota(app.dependencies, app.account, operation.kind)))
    if not until_end:
        app.output.record(operation.document(app.clock.now()), WAITED_OPERATION)
        app.conclude(then=command("wait", operation.reference[:SHORT_ID]) if operation.state.is_open else NO_COMMAND)
        return operation
    [outcome] = wait_for(app, [operation])
    app.output.record(outcome.operation.document(app.clock.now()), finished)
    app.raise_if(outcome.failure)
    return outcome.operation
