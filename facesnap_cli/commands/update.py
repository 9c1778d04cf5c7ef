"""facesnap update"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import UsageError

if TYPE_CHECKING:
    from facesnap_cli.operations.parameters import UpdateParameters

app = typer_app()
ScopeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--apply-scope", "-s", metavar="GUID", help="Let these subscriptions alone apply the snapshot. Repeatable."
    ),
]
AddScopeOption = Annotated[
    list[str] | None, typer.Option("--add-scope", metavar="GUID", help="Let this subscription apply it too.")
]
RemoveScopeOption = Annotated[
    list[str] | None,
    typer.Option("--remove-scope", metavar="GUID", help="Withdraw this subscription's permission to apply it."),
]


@app.command(cls=ServiceCommand)
def update(
    ctx: typer.Context,
    snapshot: options.SnapshotArgument,
    type: options.TypeFilterOption = None,
    apply_scope: ScopeOption = None,
    add_scope: AddScopeOption = None,
    remove_scope: RemoveScopeOption = None,
    user_data: options.UserDataOption = None,
) -> None:
    """Change a snapshot's scope or user data.

    facesnap update 0e7a41 --add-scope 64084e07-9b7f-4a98-bea4-9986d3a1edeb
    """
    from facesnap_cli.cli.option_values import snapshot_reference, type_filter
    from facesnap_cli.common.hints import command
    from facesnap_cli.display.columns import CHANGED_SNAPSHOT
    from facesnap_cli.display.sentences import SHORT_ID
    from facesnap_cli.operations.find_snapshots import change_snapshot, find_snapshot

    app = App.of(ctx)
    parameters = update_parameters(apply_scope=apply_scope, add=add_scope, remove=remove_scope, user_data=user_data)
    reference, object_type = snapshot_reference(snapshot), type_filter(type)
    found = find_snapshot(app.dependencies, app.account, reference, object_type, to_change=True)
    changed = change_snapshot(app.dependencies, app.account, found, parameters)
    app.output.record(changed.document(app.account.service_clock.now()), CHANGED_SNAPSHOT)
    app.conclude(then=command("show", changed.id[:SHORT_ID]))


def update_parameters(
    *,
    apply_scope: list[str] | None,
    add: list[str] | None,
    remove: list[str] | None,
    user_data: str | None,
) -> UpdateParameters:
    """Return what to change. Raises UsageError for no changes, or for two that exclude each other."""
    from facesnap_cli.cli.option_values import read_user_data
    from facesnap_cli.models.validation import check_apply_scope
    from facesnap_cli.operations.parameters import UpdateParameters

    parameters = UpdateParameters(
        check_apply_scope(apply_scope) if apply_scope else None,
        check_apply_scope(add or [], what="--add-scope"),
        check_apply_scope(remove or [], what="--remove-scope"),
        read_user_data(user_data),
    )
    if parameters.apply_scope is not None and (parameters.add or parameters.remove):
        raise UsageError("--apply-scope replaces the scope; it does not go with --add-scope or --remove-scope")
    both = {entry.lower() for entry in parameters.add} & {entry.lower() for entry in parameters.remove}
    if both:
        raise UsageError(f"{min(both)} is both in --add-scope and in --remove-scope")
    if not (parameters.apply_scope or parameters.add or parameters.remove or parameters.user_data is not None):
        raise UsageError(
            "update needs something to change", hint="--apply-scope, --add-scope, --remove-scope or --user-data"
        )
    return parameters
