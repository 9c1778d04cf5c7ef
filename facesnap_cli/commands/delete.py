"""facesnap delete"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facesnap_cli.models.snapshots import Snapshot

app = typer_app()
SnapshotsArgument = Annotated[
    list[str], typer.Argument(metavar="SNAPSHOT...", help="Ids, 6 or more characters of their beginning, or latest.")
]


@app.command(cls=ServiceCommand)
def delete(
    ctx: typer.Context,
    snapshots: SnapshotsArgument,
    type: options.TypeFilterOption = None,
    yes: options.YesOption = False,
    dry_run: options.DryRunOption = False,
) -> None:
    """Delete snapshots. At a terminal it asks; elsewhere it needs --yes.

    facesnap delete 0e7a41 9bd2c3 --yes
    """
    from facesnap_cli.cli.option_values import snapshot_reference, type_filter
    from facesnap_cli.common.hints import command
    from facesnap_cli.display.columns import DELETED_SNAPSHOT, SNAPSHOT
    from facesnap_cli.display.prompts import require_consent
    from facesnap_cli.operations.find_snapshots import delete_snapshots, deletion_in_words, find_snapshots

    app = App.of(ctx)
    references, object_type = [snapshot_reference(text) for text in snapshots], type_filter(type)
    require_consent("delete", given=yes or dry_run, hint="--yes does it, --dry-run shows it")
    found, gone = find_snapshots(app.dependencies, app.account, references, object_type)
    confirm_deletion(app, found, given=yes or dry_run)
    deleted, failure = delete_snapshots(app.account, found, gone, dry_run=dry_run)
    app.seen.remove([] if dry_run else deleted, app.clock.now())
    app.output.records([each.document() for each in deleted], SNAPSHOT if dry_run else DELETED_SNAPSHOT)
    total = deletion_in_words(len(deleted), dry_run=dry_run)
    app.conclude(failure, total=total, then=command("delete", *snapshots) if dry_run else command("list"))


def confirm_deletion(app: App, snapshots: Sequence[Snapshot], *, given: bool) -> None:
    """Ask at the terminal whether the snapshots may be deleted, unless consent is `given`. Raises UsageError."""
    from facesnap_cli.display.prompts import confirm

    confirm(
        f"Delete {'it' if len(snapshots) == 1 else f'these {len(snapshots)} snapshots'}?",
        given=given,
        undone="nothing was deleted",
        reporter=app.messages,
        about=[
            f"about to delete {each.id}: {each.type} {each.object_id or '(object not known)'}" for each in snapshots
        ],
    )
