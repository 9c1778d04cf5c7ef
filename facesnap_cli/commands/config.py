"""facesnap config"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import LocalCommand, typer_app
from facesnap_cli.cli.context import App

if TYPE_CHECKING:
    from facesnap_cli.config.edit import Edit
    from facesnap_cli.config.file import ConfigFile
    from facesnap_cli.config.settings import Settings

app = typer_app()
SHORTEST_AZURE_KEY = 32
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
    apply_scope: Annotated[
        list[str] | None,
        typer.Option(
            "--apply-scope", "-s", metavar="GUID", help="A subscription that may apply what is taken. Repeatable."
        ),
    ] = None,
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

    facesnap config init --profile prod
    """
    app = App.of(ctx)
    given: dict[str, object] = {
        "endpoint": endpoint,
        "subscription_id": subscription_id,
        "apply_scope": apply_scope,
        "key_env": key_env,
    }
    given |= {"key_file": key_file, "key_command": key_command, "keyring": keyring, "auth": "entra" if entra else None}
    _write(app, _with_profile(app, given, force=force))


@app.command("list", cls=LocalCommand)
def list_(ctx: typer.Context) -> None:
    """List the profiles, also the built-in ones.

    facesnap config list -o json
    """
    from facesnap_cli.display.columns import PROFILE

    app = App.of(ctx)
    app.output.records(_profile_documents(app), PROFILE)


@app.command(cls=LocalCommand)
def show(ctx: typer.Context) -> None:
    """Show every setting of a profile, and where it came from. Keys are not shown.

    facesnap config show --profile prod
    """
    from facesnap_cli.display.columns import SETTING

    app = App.of(ctx)
    app.output.records(_setting_documents(app.settings), SETTING)


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
    app = App.of(ctx)
    _write(app, _with_setting(app, name, value))


@app.command(cls=LocalCommand)
def unset(ctx: typer.Context, name: SettingArgument) -> None:
    """Remove one value of a profile; default_profile too. The file's comments stay.

    facesnap config unset rate_limit --profile prod
    """
    app = App.of(ctx)
    _write(app, _without_setting(app, name))


@app.command(cls=LocalCommand)
def use(ctx: typer.Context, profile_name: ProfileArgument) -> None:
    """Make a profile the default one.

    facesnap config use prod
    """
    app = App.of(ctx)
    _write(app, _with_default_profile(app, profile_name))


@app.command(cls=LocalCommand)
def delete(ctx: typer.Context, profile_name: ProfileArgument, yes: options.YesOption = False) -> None:
    """Remove a profile from the file. At a terminal it asks; elsewhere it needs --yes.

    facesnap config delete old --yes
    """
    app = App.of(ctx)
    _write(app, _without_profile(app, profile_name, consent=yes))


@app.command(cls=LocalCommand)
def path(ctx: typer.Context) -> None:
    """Print the configuration file's path.

    facesnap config path
    """
    from facesnap_cli.config.locations import config_path

    app = App.of(ctx)
    app.output.value("path", str(config_path(app.options.config, app.environment)))


def _with_profile(app: App, given: Mapping[str, Any], *, force: bool) -> Edit:
    """Return the file with a new profile. With `force` it may exist, and keeps what is not given.

    Asks for what is missing at a terminal. Raises UsageError if the profile exists, a value is wrong or missing.
    """
    from facesnap_cli.common.errors import UsageError
    from facesnap_cli.common.escape import harmless, shown
    from facesnap_cli.common.hints import Hint, command
    from facesnap_cli.config.edit import KEY_SOURCES, Edit, value_for_file
    from facesnap_cli.display.prompts import ask, can_ask
    from facesnap_cli.models.validation import PROFILE_NAME

    file = _file_to_edit(app)
    name = app.options.profile or (ask("Name of the profile [default]: ") if can_ask() else "") or "default"
    if not PROFILE_NAME.fullmatch(name):
        raise UsageError(f"{shown(name)} cannot be a profile's name", hint="letters, digits, - and _")
    before = file.profiles.get(name, {})
    if name in file.profiles and not force:
        raise UsageError(
            f"{file.path} has a profile {name} already", hint="--force changes it, and keeps what is not given"
        )
    values = {key: value for key, value in given.items() if value}
    if len([key for key in values if key in KEY_SOURCES]) > 1:
        raise UsageError("a profile has one key source; several were given")
    values = {key: value_for_file(key, value) for key, value in values.items()}
    if can_ask():
        values |= _asked_for(app, {**before, **values})
    if not values.get("endpoint") and not before.get("endpoint"):
        raise UsageError(
            "config init needs --endpoint", hint="the Azure portal shows it: Keys and Endpoint of the resource"
        )
    doubts: tuple[str | Hint, ...] = ()
    if not any(source in KEY_SOURCES for source in values):
        key = values["key"] = _read_key()
        doubts = _doubts_of_key(key)
    edit = Edit(file).with_values(name, values)
    if before and values.get("endpoint", before.get("endpoint")) != before.get("endpoint"):
        edit = edit.without_second_keys(name)
    kept = [key for key in before if key not in values and key in edit.file.profiles[name]]
    if file.default_profile is None and not file.profiles:
        edit = edit.with_default_profile(name)
    made = Hint(f"profile {name} is in {file.path}; to try it: ", command("doctor", "--profile", name))
    if can_ask() and "subscription_id" not in edit.file.profiles[name]:
        to_set = command("config", "set", "subscription_id", "GUID", "--profile", name)
        doubts = (*doubts, Hint("copies to this account need its subscription id: ", to_set))
    keeps = (f"it keeps {', '.join(harmless(key)[:80] for key in kept)}",) if kept else ()
    return Edit(edit.file, (*edit.notes, made, *keeps, *doubts))


def _asked_for(app: App, known: Mapping[str, Any]) -> dict[str, object]:
    """Return the endpoint and subscription id as typed, unless they are `known`, each asked for until it is valid."""
    from facesnap_cli.common.errors import UsageError
    from facesnap_cli.common.hints import Hint
    from facesnap_cli.config.edit import value_for_file
    from facesnap_cli.display.prompts import ask

    questions = {
        "endpoint": "Endpoint (on Keys and Endpoint): ",
        "subscription_id": "Subscription id (on Overview; Enter leaves it out): ",
    }
    missing = {name: question for name, question in questions.items() if name not in known}
    if missing:
        app.messages.tell("The Azure portal shows what is asked for on the pages of your Face resource.")
    typed: dict[str, object] = {}
    for name, question in missing.items():
        while answer := ask(question):
            try:
                typed[name] = value_for_file(name, answer)
                break
            except UsageError as error:
                app.messages.tell(str(Hint.joined((error.message, error.hint))))
    return typed


def _with_setting(app: App, name: str, value: str | None) -> Edit:
    """Return the file with one setting of the chosen profile changed. Raises UsageError."""
    from facesnap_cli.common.errors import UsageError
    from facesnap_cli.common.hints import Hint, command
    from facesnap_cli.config.definitions import SECRET_SETTINGS, SETTINGS
    from facesnap_cli.config.edit import Edit, value_for_file
    from facesnap_cli.config.settings import USE_NAME

    if name == "default_profile":
        use = command("config", "use", value) if value else USE_NAME
        raise UsageError("default_profile is no profile's setting", hint=Hint(use))
    if name not in SETTINGS:
        raise _unknown_setting(name)
    settings = _chosen_settings(app, "set")
    if name in SECRET_SETTINGS and value is not None:
        raise UsageError("a key is never an argument: others could see it", hint="leave it out; it is asked for")
    if name not in SECRET_SETTINGS and value is None:
        raise UsageError(f"config set {name} needs a value")
    doubts: tuple[str, ...] = ()
    if value is None:
        key = _read_key()
        stored: object = key
        doubts = _doubts_of_key(key)
    else:
        stored = value_for_file(name, value)
    edit = Edit(settings.file).with_values(settings.profile or "", {name: stored})
    return Edit(edit.file, (*edit.notes, f"{name} is set in {edit.file.path}", *doubts))


def _without_setting(app: App, name: str) -> Edit:
    """Return the file without a setting of the chosen profile, or without a key of the top. Raises UsageError."""
    from facesnap_cli.common.escape import harmless
    from facesnap_cli.config.definitions import SETTINGS
    from facesnap_cli.config.edit import Edit, remove

    file = _file_to_edit(app)
    names: tuple[str, ...] = (name,)
    found: Mapping[str, Any] = file.data
    where = str(file.path)
    # An unknown key at the top makes the file wrong: this removes it.
    if name == "profiles" or (name not in file.data and name != "default_profile"):
        profile = _chosen_settings(app, "unset").profile or ""
        names = ("profiles", profile, name)
        found = file.profiles.get(profile, {})
        where = f"profile {profile} of {file.path}"
        if name not in found and name not in SETTINGS:
            raise _unknown_setting(name)
    if name not in found:
        return Edit(file, (f"{name} is not set in {where}; nothing was changed",))
    return Edit(remove(file, names), (f"{harmless(name)} is removed from {file.path}",))


def _without_profile(app: App, name: str, *, consent: bool) -> Edit:
    """Return the file without a profile. Asks at a terminal. Raises UsageError without consent."""
    from facesnap_cli.common.errors import UsageError
    from facesnap_cli.common.escape import nearest, shown
    from facesnap_cli.common.hints import Hint
    from facesnap_cli.config.edit import DEFAULT_PROFILE, Edit, remove
    from facesnap_cli.config.settings import USE_NAME, Settings
    from facesnap_cli.display.prompts import confirm, require_consent

    file = _file_to_edit(app)
    profiles = file.data.get("profiles", {})
    if not isinstance(profiles, dict) or name not in profiles:
        built_in = "; the built-in profiles stay" if name in Settings(file, None, {}, {}).profile_names else ""
        raise UsageError(f"{file.path} has no profile {shown(name)}{nearest(name, file.profiles)}{built_in}")
    require_consent("config delete", given=consent)
    question = f"Delete profile {name} from {file.path}?"
    confirm(question, given=consent, undone="nothing was deleted", reporter=app.messages)
    notes = [Hint(f"profile {name} is removed from {file.path}")]
    after = remove(file, ("profiles", name))
    if after.default_profile == name:
        after = remove(after, DEFAULT_PROFILE)
        notes.append(Hint("default_profile named it and is removed too; to name another: ", USE_NAME))
    return Edit(after, tuple(notes))


def _with_default_profile(app: App, name: str) -> Edit:
    """Return the file with another default profile. Raises UsageError if it does not exist."""
    from facesnap_cli.common.errors import UsageError
    from facesnap_cli.common.escape import nearest, shown
    from facesnap_cli.config.edit import Edit
    from facesnap_cli.config.settings import Settings

    file = _file_to_edit(app)
    names = Settings(file, None, {}, {}).profile_names
    if name not in names:
        raise UsageError(
            f"there is no profile {shown(name)}{nearest(name, names)}", hint=f"there are: {', '.join(names)}"
        )
    edit = Edit(file).with_default_profile(name)
    return Edit(edit.file, (f"{name} is the default profile now",))


def _write(app: App, edit: Edit) -> None:
    """Write the changed file, then print the notes. Raises ConfigurationError."""
    edit.write()
    for note in edit.notes:
        app.messages.note(note)


def _file_to_edit(app: App) -> ConfigFile:
    """Return the configuration file, which may be missing or have mistakes that a change can remove."""
    from facesnap_cli.config.file import ConfigFile
    from facesnap_cli.config.locations import config_path

    return ConfigFile.read(config_path(app.options.config, app.environment), to_mend=True)


def _chosen_settings(app: App, name: str) -> Settings:
    """Return the settings of the profile to edit, whose values may be wrong. Raises UsageError if none is chosen."""
    from facesnap_cli.common.errors import UsageError
    from facesnap_cli.common.hints import Hint, command
    from facesnap_cli.config.settings import choose

    settings = choose(_file_to_edit(app), profile=app.options.profile, options={}, environment=app.environment)
    if settings.profile is None:
        raise UsageError(f"config {name} needs a profile", hint=Hint("--profile NAME, or ", command("config", "init")))
    return settings


def _unknown_setting(name: str) -> Exception:
    from facesnap_cli.common.errors import UsageError
    from facesnap_cli.common.escape import nearest, shown
    from facesnap_cli.common.hints import Hint, command
    from facesnap_cli.config.definitions import SETTINGS

    return UsageError(
        f"there is no setting {shown(name)}{nearest(name, SETTINGS)}",
        hint=Hint(command("config", "show"), " lists them"),
    )


def _read_key() -> str:
    """Return a key typed without echo, or read from stdin. Raises CredentialsError if it cannot be a key."""
    from facesnap_cli.common.errors import CredentialsError
    from facesnap_cli.display.prompts import ask_secret
    from facesnap_cli.face_api.key_sources import KEY_HINT, check_key, could_be_key

    text = ask_secret("Key (KEY 1 on Keys and Endpoint; not shown): ")
    if not sys.stdin.isatty():
        return check_key(text, "stdin").reveal()
    if not text.strip():
        raise CredentialsError("no key was typed; nothing was changed")
    if not could_be_key(text.strip()):
        raise CredentialsError("what you typed cannot be a key; nothing was changed", hint=KEY_HINT)
    return text.strip()


def _doubts_of_key(key: str) -> tuple[str, ...]:
    """Return notes that say why a stored key is probably not one of Azure's."""
    from facesnap_cli.models.ids import is_guid

    where = "is it KEY 1 or KEY 2 of Keys and Endpoint in the Azure portal?"
    if is_guid(key):
        return (f"the key looks like a GUID, as subscription ids do: {where}",)
    if len(key) < SHORTEST_AZURE_KEY:
        return (f"the key has {len(key)} characters, and Azure's have at least {SHORTEST_AZURE_KEY}: {where}",)
    return ()


def _setting_documents(settings: Settings) -> list[dict[str, object]]:
    """Return every setting with its value and source. Keys are shown as `***`."""
    from facesnap_cli.config.definitions import SETTINGS

    documents: list[dict[str, object]] = [
        {"name": "profile", "value": settings.profile, "source": settings.describe_choice()}
    ]
    for name, setting in SETTINGS.items():
        value = settings.value_of(name)
        if value is None and name.startswith("key"):
            continue
        documents.append({"name": name, "value": setting.show(value), "source": settings.describe_source(name)})
    return documents


def _profile_documents(app: App) -> list[dict[str, object]]:
    """Return a document of each profile. Warns if the chosen one does not exist.

    Raises ConfigurationError if the file is wrong.
    """
    from facesnap_cli.common.errors import FacesnapError
    from facesnap_cli.config.file import ConfigFile
    from facesnap_cli.config.locations import config_path
    from facesnap_cli.config.settings import Settings, choose

    file = ConfigFile.read(config_path(app.options.config, app.environment))
    default = None
    try:
        default = choose(file, profile=app.options.profile, options={}, environment=app.environment).profile
    except FacesnapError as error:
        app.messages.warn(error.message)
    names = Settings(file, None, {}, {}).profile_names
    return [_profile_document(Settings(file, name, {}, {}), default) for name in names]


def _profile_document(settings: Settings, default: str | None) -> dict[str, object]:
    from facesnap_cli.face_api.credentials import key_sources_of

    sources = ["entra"] if settings.auth == "entra" else key_sources_of(settings)
    return {
        "name": settings.profile,
        "default": settings.profile == default,
        "endpoint": settings.endpoint,
        "subscriptionId": settings.subscription_id,
        "keySource": sources[0] if sources else None,
    }
