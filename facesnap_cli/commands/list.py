"""facesnap list"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

if TYPE_CHECKING:
    from facesnap_cli.operations.find_snapshots import ListParameters

app = typer_app()
ScopeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--apply-scope", "-s", metavar="GUID", help="Only snapshots that this subscription may apply. Repeatable."
    ),
]
ExpiresWithinOption = Annotated[
    str | None,
    typer.Option("--expires-within", metavar="DURATION", help="Only snapshots that expire within this time."),
]


@app.command("list", cls=ServiceCommand)
def list_(
    ctx: typer.Context,
    type: options.TypeFilterOption = None,
    apply_scope: ScopeOption = None,
    expires_within: ExpiresWithinOption = None,
) -> None:
    """List the snapshots that this subscription may see.

    facesnap list --type PersonGroup --expires-within 6h
    """
    from facesnap_cli.common.hints import NO_COMMAND, command
    from facesnap_cli.display.columns import SNAPSHOT
    from facesnap_cli.operations.find_snapshots import list_snapshots

    app = App.of(ctx)
    parameters = list_parameters(type, apply_scope, expires_within)
    snapshots = list_snapshots(app.dependencies, app.account, parameters)
    app.seen.add(snapshots, app.clock.now(), ahead=app.account.service_clock.ahead, are_all=parameters.is_everything)
    app.output.records([snapshot.document() for snapshot in snapshots], SNAPSHOT, nothing="no snapshots")
    app.conclude(then=command("show", "latest") if snapshots else NO_COMMAND)


def list_parameters(type: str | None, apply_scope: list[str] | None, expires_within: str | None) -> ListParameters:
    """Return which snapshots to list. Raises UsageError."""
    from facesnap_cli.common.time_format import parse_duration
    from facesnap_cli.models.validation import check_apply_scope
    from facesnap_cli.operations.find_snapshots import ListParameters

    object_type = None
    if type:
        from facesnap_cli.cli.option_values import type_filter

        object_type = type_filter(type)
    return ListParameters(
        object_type,
        check_apply_scope(apply_scope or []),
        parse_duration(expires_within, option="--expires-within") if expires_within else None,
    )
