"""facesnap config"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import LocalCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
SettingArgument = Annotated[str, typer.Argument(metavar="SETTING", help="The setting.")]
ProfileArgument = Annotated[str, typer.Argument(metavar="PROFILE", help="The profile's name.")]


@app.callback()
def config() -> None:
    """Make, show and change the configuration."""


@app.command(cls=LocalCommand)
def init(
    ctx: typer.Context,
    endpoint: Annotated[str | None, typer.Option("--endpoint", metavar="URL", help="The resource's URL.")] = None,
    subscription_id: Annotated[
        str | None, typer.Option("--subscription-id", metavar="GUID", help="The Azure subscription's id.")
    ] = None,
    apply_scope: options.ApplyScopeOption = None,
    key_env: Annotated[
        str | None, typer.Option("--key-env", metavar="NAME", help="The variable that holds the key.")
    ] = None,
    key_file: Annotated[
        str | None, typer.Option("--key-file", metavar="FILE", help="The file that holds the key.")
    ] = None,
    key_command: Annotated[
        str | None, typer.Option("--key-command", metavar="COMMAND", help="The command that prints the key.")
    ] = None,
    keyring: Annotated[bool, typer.Option("--keyring", help="Read the key from the system's keyring.")] = False,
    entra: Annotated[bool, typer.Option("--entra", help="Authenticate with Microsoft Entra ID.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Change a profile that exists; the rest of it stays.")] = False,
) -> None:
    """Make a profile. Without a key source it asks for the key without echo, or reads it from stdin.

    facesnap config init --profile prod --endpoint https://NAME.cognitiveservices.azure.com < key.txt
    """
    from facesnap_cli.cli.profile_edits import new_profile

    app = App.of(ctx)
    given: dict[str, object] = {
        "endpoint": endpoint,
        "subscription_id": subscription_id,
        "apply_scope": apply_scope,
        "key_env": key_env,
    }
    given |= {"key_file": key_file, "key_command": key_command, "keyring": keyring, "auth": "entra" if entra else None}
    new_profile(app, given, force=force).write(app)


@app.command("list", cls=LocalCommand)
def list_(ctx: typer.Context) -> None:
    """List the profiles, also the built-in ones.

    facesnap config list -o json
    """
    from facesnap_cli.cli.config_documents import profile_documents
    from facesnap_cli.display.columns import PROFILE

    app = App.of(ctx)
    app.output.records(profile_documents(app), PROFILE)


@app.command(cls=LocalCommand)
def show(ctx: typer.Context) -> None:
    """Show every setting of a profile, and where it came from. Keys are not shown.

    facesnap config show --profile prod
    """
    from facesnap_cli.cli.config_documents import setting_documents
    from facesnap_cli.display.columns import SETTING

    app = App.of(ctx)
    app.output.records(setting_documents(app.settings), SETTING)


@app.command("set", cls=LocalCommand)
def set_(
    ctx: typer.Context,
    name: SettingArgument,
    value: Annotated[
        str | None, typer.Argument(metavar="[VALUE]", help="Its value; not given for key and key2.")
    ] = None,
) -> None:
    """Set one value of a profile. The key itself is asked for, or read from stdin, never an argument.

    A key source takes the place of the profile's earlier one.

    facesnap config set rate_limit 20/m --profile prod
    """
    from facesnap_cli.cli.profile_edits import with_setting

    app = App.of(ctx)
    with_setting(app, name, value).write(app)


@app.command(cls=LocalCommand)
def unset(ctx: typer.Context, name: SettingArgument) -> None:
    """Remove one value of a profile; default_profile too. The file's comments stay.

    facesnap config unset rate_limit --profile prod
    """
    from facesnap_cli.cli.profile_edits import without_setting

    app = App.of(ctx)
    without_setting(app, name).write(app)


@app.command(cls=LocalCommand)
def use(ctx: typer.Context, profile_name: ProfileArgument) -> None:
    """Make a profile the default one.

    facesnap config use prod
    """
    from facesnap_cli.cli.profile_edits import with_default_profile

    app = App.of(ctx)
    with_default_profile(app, profile_name).write(app)


@app.command(cls=LocalCommand)
def delete(ctx: typer.Context, profile_name: ProfileArgument, yes: options.YesOption = False) -> None:
    """Remove a profile from the file. At a terminal it asks; elsewhere it needs --yes.

    facesnap config delete old --yes
    """
    from facesnap_cli.cli.profile_edits import without_profile

    app = App.of(ctx)
    without_profile(app, profile_name, consent=yes).write(app)


@app.command(cls=LocalCommand)
def path(ctx: typer.Context) -> None:
    """Print the configuration file's path.

    facesnap config path
    """
    from facesnap_cli.config.locations import config_path

    app = App.of(ctx)
    app.output.value("path", str(config_path(app.options.config, app.environment)))
