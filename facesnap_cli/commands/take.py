"""facesnap take"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import UsageError

if TYPE_CHECKING:
    from facesnap_cli.models.objects import ObjectType
    from facesnap_cli.operations.parameters import TakeParameters

app = typer_app()
MaxAgeOption = Annotated[
    str | None,
    typer.Option("--max-age", metavar="DURATION", help="Use a snapshot that is younger, if there is one."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Take even if the same take is already running.")]
NoTagOption = Annotated[
    bool,
    typer.Option(
        "--no-tag", help="Write no mark into the user data, by which facesnap finds the snapshot and its object's id."
    ),
]


@app.command(cls=ServiceCommand)
def take(
    ctx: typer.Context,
    type: options.TypeOption = None,
    object_id: options.ObjectIdOption = None,
    apply_scope: options.ApplyScopeOption = None,
    user_data: options.UserDataOption = None,
    max_age: MaxAgeOption = None,
    force: ForceOption = False,
    no_tag: NoTagOption = False,
    no_wait: options.NoWaitOption = False,
    timeout: options.TimeoutOption = None,
    poll_interval: options.PollIntervalOption = None,
) -> None:
    """Take a snapshot of an object and wait for it.

    facesnap take -t PersonGroup -i staff -s 64084e07-9b7f-4a98-bea4-9986d3a1edeb
    """
    from facesnap_cli.cli.suggestions import applying
    from facesnap_cli.cli.waiting import finish
    from facesnap_cli.common.hints import command
    from facesnap_cli.display.columns import FINISHED_TAKE
    from facesnap_cli.operations.take_and_apply import take_or_reuse

    app = App.of(ctx)
    app.choose(type=type, object_id=object_id, apply_scope=apply_scope, timeout=timeout, poll_interval=poll_interval)
    parameters = take_parameters(app, user_data=user_data, max_age=max_age, tag=not no_tag, force=force)
    operation = take_or_reuse(app.dependencies, app.account, parameters)
    finish(app, operation, until_end=not no_wait, finished=FINISHED_TAKE)
    if not no_wait:
        app.conclude(then=applying(app, "latest", parameters.apply_scope) or command("show", "latest"))


def take_parameters(app: App, *, user_data: str | None, max_age: str | None, tag: bool, force: bool) -> TakeParameters:
    """Return what to take, from the command line, the environment and the profile.

    Asks for a missing object at a terminal. Raises UsageError that says what is missing.
    """
    from facesnap_cli.cli.option_values import read_user_data
    from facesnap_cli.common.time_format import parse_duration
    from facesnap_cli.display.prompts import can_ask
    from facesnap_cli.operations.parameters import TakeParameters

    settings = app.settings
    settings.require_profile()
    object_type, object_id, apply_scope = settings.type, settings.object_id, settings.apply_scope
    max_age_s = parse_duration(max_age, option="--max-age") if max_age else None
    text = read_user_data(user_data)
    if force and max_age_s is not None:
        raise UsageError("--max-age uses a young snapshot again and --force takes another one: give one of them")
    can_choose = object_type and apply_scope and can_ask()
    settings.require("take", "type", *([] if can_choose else ["object_id"]), "apply_scope")
    assert object_type
    if object_id is None:
        object_id = _choose_object(app, object_type)
    return TakeParameters(
        object_type=object_type,
        object_id=object_id,
        apply_scope=apply_scope,
        user_data=text,
        tag=tag,
        max_age_s=max_age_s,
        force=force,
    )


def _choose_object(app: App, object_type: ObjectType) -> str:
    """Return the object that the user chooses from a list. Raises UsageError if none is chosen."""
    from facesnap_cli.common.escape import harmless, shown
    from facesnap_cli.display.prompts import ask

    found = list(app.account.objects.list(object_type))
    if not found:
        raise UsageError(f"this account has no {object_type.value}")
    rows = [
        f"{number:4}  {harmless(each.object_id)}  {harmless(each.name or '')}" for number, each in enumerate(found, 1)
    ]
    ids = {str(number): each.object_id for number, each in enumerate(found, 1)}
    ids |= {each.object_id: each.object_id for each in found}  # an id may look like a number
    question = "\n".join([*rows, f"Which {object_type.value}? Its number or id: "])
    while answer := ask(question).strip():
        if answer in ids:
            return ids[answer]
        question = f"{shown(answer)} is neither a number nor an id of these. Which {object_type.value}? "
    raise UsageError("nothing was chosen, so nothing was taken", hint="--object-id names the object")
