"""facesnap objects"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

if TYPE_CHECKING:
    from facesnap_cli.common.hints import Command
    from facesnap_cli.operations.list_objects import ObjectSummary

app = typer_app()
BriefOption = Annotated[
    bool, typer.Option("--brief", help="List only: send no request for each object's training and counts.")
]


@app.command(cls=ServiceCommand)
def objects(ctx: typer.Context, type: options.TypeFilterOption = None, brief: BriefOption = False) -> None:
    """List the person groups and face lists of an account.

    facesnap objects --profile prod
    """
    from facesnap_cli.cli.option_values import type_filter
    from facesnap_cli.common.hints import NO_COMMAND
    from facesnap_cli.display.columns import OBJECT
    from facesnap_cli.models.objects import ObjectType
    from facesnap_cli.operations.list_objects import list_objects

    app, object_type = App.of(ctx), type_filter(type)
    types = [object_type] if object_type else list(ObjectType)
    found = list_objects(app.account, types, details=not brief)
    heads = [summary.head for summary in found]
    seen = [(head.object_type.value, head.object_id, head.name) for head in heads]
    app.seen_objects.replace([each.value for each in types], seen, app.clock.now())
    app.output.records([summary.document() for summary in found], OBJECT, nothing="no objects")
    app.conclude(then=exporting(found[0]) if found else NO_COMMAND)


def exporting(summary: ObjectSummary) -> Command:
    """Return the command that writes an object into an archive."""
    from facesnap_cli.common.hints import command

    kind, object_id = summary.head.object_type.value, summary.head.object_id
    return command("export", "--type", kind, "--object-id", object_id, "--to", f"{object_id}.facesnap")
