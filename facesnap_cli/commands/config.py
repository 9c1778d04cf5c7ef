"""facesnap config"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.commands import options
from facesnap_cli.commands.base import LocalCommand, typer_app
from facesnap_cli.context import App

app = typer_app()


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
    keyring: Annotated[bool, typer.Option("--keyring", help="The key lies in the system's keyring.")] = False,
    entra: Annotated[bool, typer.Option("--entra", help="Authenticate with Microsoft Entra ID.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a profile that exists.")] = False,
) -> None:
    """Make a profile. Without a key source it asks for the key without echo, or reads it from stdin.

    facesnap config init --profile prod --endpoint https://NAME.cognitiveservices.azure.com < key.txt
    """
    from facesnap_cli.profiles import new_profile

    app = App.of(ctx)
    given: dict[str, object] = {
        "endpoint": endpoint,
        "subscription_id": subscription_id,
        "apply_scope": apply_scope,
        "key_env": key_env,
    }
    given |= {"key_file": key_file, "key_command": key_command, "keyring": keyring, "auth": "entra" if entra else None}
    file, name = new_profile(app, given, force=force)
    file.write()
    app.messages.note(f"profile {name} is in {file.path}; facesnap doctor --profile {name} tries it")


@app.command("list", cls=LocalCommand)
def list_(ctx: typer.Context) -> None:
    """List the profiles, also the built-in ones.

    facesnap config list -o json
    """
    from facesnap_cli.profiles import profile_documents
    from facesnap_cli.views import PROFILE

    app = App.of(ctx)
    app.output.records(profile_documents(app.settings), PROFILE)


@app.command(cls=LocalCommand)
def show(ctx: typer.Context) -> None:
    """Show every setting of a profile, and where it came from. Keys are not shown.

    facesnap config show --profile prod
    """
    from facesnap_cli.profiles import setting_documents
    from facesnap_cli.views import SETTING

    app = App.of(ctx)
    app.output.records(setting_documents(app.settings), SETTING)


@app.command("set", cls=LocalCommand)
def set_(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="SETTING", help="The setting.")],
    value: Annotated[
        str | None, typer.Argument(metavar="[VALUE]", help="Its value; not given for key and key2.")
    ] = None,
) -> None:
    """Set one value of a profile. The key itself is asked for, or read from stdin, never an argument.

    facesnap config set rate_limit 20/m --profile prod
    """
    from facesnap_cli.profiles import with_setting

    app = App.of(ctx)
    file = with_setting(app, name, value)
    file.write()
    app.messages.note(f"{name} is set in {file.path}")


@app.command(cls=LocalCommand)
def use(
    ctx: typer.Context, profile_name: Annotated[str, typer.Argument(metavar="PROFILE", help="The profile's name.")]
) -> None:
    """Make a profile the default one.

    facesnap config use prod
    """
    from facesnap_cli.profiles import with_default_profile

    app = App.of(ctx)
    with_default_profile(app, profile_name).write()
    app.messages.note(f"{profile_name} is the default profile now")


@app.command(cls=LocalCommand)
def path(ctx: typer.Context) -> None:
    """Print the configuration file's path.

    facesnap config path
    """
    from facesnap_cli.settings import config_path

    app = App.of(ctx)
    app.output.value("path", str(config_path(app.options.config, app.environment)))
