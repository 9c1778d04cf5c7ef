"""facesnap show"""

from __future__ import annotations

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()


@app.command(cls=ServiceCommand)
def show(ctx: typer.Context, snapshot: options.SnapshotArgument, type: options.TypeFilterOption = None) -> None:
    """Show one snapshot, with the time it has left.

    facesnap show latest -o json
    """
    from facesnap_cli.cli.option_values import snapshot_reference, type_filter
    from facesnap_cli.cli.suggestions import applying
    from facesnap_cli.display.columns import SNAPSHOT
    from facesnap_cli.display.sentences import SHORT_ID
    from facesnap_cli.operations.find_snapshots import find_snapshot

    app = App.of(ctx)
    found = find_snapshot(app.dependencies, app.account, snapshot_reference(snapshot), type_filter(type))
    app.seen.add([found], app.clock.now(), ahead=app.account.service_clock.ahead)
    app.output.record(found.document(app.account.service_clock.now()), SNAPSHOT)
    app.conclude(then=applying(app, found.id[:SHORT_ID], found.apply_scope))
