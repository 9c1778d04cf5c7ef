"""facesnap show"""

from __future__ import annotations

import typer

from facesnap_cli.commands import options
from facesnap_cli.commands.base import ServiceCommand, typer_app
from facesnap_cli.context import App

app = typer_app()


@app.command(cls=ServiceCommand)
def show(ctx: typer.Context, snapshot: options.SnapshotArgument, type: options.TypeOption = None) -> None:
    """Show one snapshot, with the time it has left.

    facesnap show latest -o json
    """
    from facesnap_cli.inputs import reference, type_filter
    from facesnap_cli.views import SNAPSHOT
    from facesnap_cli.workflows.references import find_snapshot

    app = App.of(ctx)
    found = find_snapshot(app.account, app.object_of, reference(snapshot), type_filter(type))
    app.seen.add([found], app.clock.now())
    app.output.record(found.document(app.clock.now()), SNAPSHOT)
