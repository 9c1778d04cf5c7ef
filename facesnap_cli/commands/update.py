"""facesnap update"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
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
    type: options.TypeOption = None,
    apply_scope: options.ApplyScopeOption = None,
    add_scope: AddScopeOption = None,
    remove_scope: RemoveScopeOption = None,
    user_data: options.UserDataOption = None,
) -> None:
    """Change a snapshot's scope or user data.

    facesnap update 0e7a41 --add-scope 64084e07-9b7f-4a98-bea4-9986d3a1edeb
    """
    from facesnap_cli.cli.parameters.snapshot_parameters import reference, type_filter, update_parameters
    from facesnap_cli.display.columns import SNAPSHOT
    from facesnap_cli.operations.find_snapshots import change_snapshot, find_snapshot

    app = App.of(ctx)
    parameters = update_parameters(apply_scope=apply_scope, add=add_scope, remove=remove_scope, user_data=user_data)
    found = find_snapshot(app.dependencies, app.account, reference(snapshot), type_filter(type))
    changed = change_snapshot(app.dependencies, app.account, found, parameters)
    app.output.record(changed.document(app.clock.now()), SNAPSHOT)
