"""facesnap apply"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import UsageError

if TYPE_CHECKING:
    from facesnap_cli.models.snapshots import Snapshot

app = typer_app()
ModeOption = Annotated[str, typer.Option("--mode", metavar="CreateNew", help="The only mode that there is.")]
VerifyOption = Annotated[
    str, typer.Option("--verify", metavar="none|quick|full", help="Compare with the source: counts, or every id too.")
]


@app.command(cls=ServiceCommand)
def apply(
    ctx: typer.Context,
    snapshot: options.SnapshotArgument,
    type: options.TypeFilterOption = None,
    object_id: options.NewObjectIdOption = None,
    mode: ModeOption = "CreateNew",
    verify: VerifyOption = "none",
    no_wait: options.NoWaitOption = False,
    timeout: options.TimeoutOption = None,
    poll_interval: options.PollIntervalOption = None,
) -> None:
    """Apply a snapshot to the profile's subscription and wait.

    facesnap apply latest --profile dr --object-id employees
    """
    from facesnap_cli.cli.option_values import snapshot_reference, type_filter, verify_level
    from facesnap_cli.cli.waiting import finish
    from facesnap_cli.common.hints import command
    from facesnap_cli.display.columns import FINISHED_APPLY
    from facesnap_cli.operations.find_snapshots import described, find_snapshot
    from facesnap_cli.operations.parameters import ApplyParameters
    from facesnap_cli.operations.take_and_apply import resume_or_start_apply, start_apply
    from facesnap_cli.operations.verify import source_to_verify, verify_apply

    app = App.of(ctx)
    app.choose(object_id=object_id, timeout=timeout, poll_interval=poll_interval)
    name, object_type, mode = snapshot_reference(snapshot), type_filter(type), check_mode(mode)
    level = verify_level(verify, wait=not no_wait)
    found = find_snapshot(app.dependencies, app.account, name, object_type)
    parameters = ApplyParameters(found, target_object_id(app, found), mode)
    app.messages.note(described(found, app.account.service_clock.now()))
    source = source_to_verify(app.dependencies, app.account, parameters, level)
    app.resume_hints.repeatable = source is not None
    start = resume_or_start_apply if source else start_apply
    operation = start(app.dependencies, app.account, parameters)
    operation = finish(app, operation, until_end=not no_wait, finished=FINISHED_APPLY)
    verify_apply(operation, level, app.account, source, app.messages)
    if not no_wait:
        app.conclude(then=command("objects"))


def target_object_id(app: App, snapshot: Snapshot) -> str:
    """Return the id that an apply creates: the option's, the environment's, the profile's, or the source's."""
    from facesnap_cli.models.validation import check_object_id

    object_id = app.settings.object_id or snapshot.object_id
    if object_id is None:
        raise UsageError(
            "apply needs the id of the object to create (--object-id, FACESNAP_OBJECT_ID, or object_id in the profile)",
            hint="the snapshot does not say which object it was taken from",
        )
    return check_object_id(object_id)


def check_mode(text: str) -> str:
    """Return the apply mode on the wire. Raises UsageError."""
    from facesnap_cli.common.escape import harmless

    if text.lower() != "createnew":
        raise UsageError(f"--mode {harmless(text)[:40]}: the service knows CreateNew alone")
    return "CreateNew"
