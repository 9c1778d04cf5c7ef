"""Make and change profiles in the configuration file, in such a way that it stays one that can be used."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facesnap_cli.common.errors import CredentialsError, UsageError
from facesnap_cli.common.escape import harmless, nearest, shown
from facesnap_cli.common.hints import Hint, command, command_line
from facesnap_cli.config.definitions import SECRET_SETTINGS, SETTINGS
from facesnap_cli.config.file import ConfigFile
from facesnap_cli.config.locations import config_path
from facesnap_cli.config.settings import USE_NAME, Settings, choose
from facesnap_cli.display.prompts import ask, ask_secret, can_ask, confirm, require_consent
from facesnap_cli.face_api.key_sources import KEY_HINT, check_key, could_be_key
from facesnap_cli.models.validation import PROFILE_NAME

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App

KEY_SOURCES = ("key", "key_env", "key_file", "key_command", "keyring", "auth")
SECOND_KEY_SOURCES = ("key2", "key2_env", "key2_file", "key2_command")


@dataclass(frozen=True, slots=True)
class Edit:
    """The configuration file as it is to be, and what is to be said about it once it is written."""

    file: ConfigFile
    notes: tuple[str, ...]

    def write(self, app: App) -> None:
        """Write the file, and tell. Raises ConfigurationError."""
        self.file.write()
        for note in self.notes:
            app.messages.note(note)


def new_profile(app: App, given: Mapping[str, Any], *, force: bool) -> Edit:
    """Return the file with a new profile, or with `force` a changed one, which keeps what is not given anew.

    What is missing is asked for at a terminal. Raises UsageError where the profile exists, a value is wrong, or
    something is missing.
    """
    file = config_file(app)
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
    if not values.get("endpoint") and not before.get("endpoint"):
        values["endpoint"] = ask("Endpoint (https://NAME.cognitiveservices.azure.com): ") if can_ask() else ""
        if not values["endpoint"]:
            raise UsageError("config init needs --endpoint")
    for key, value in values.items():
        values[key] = _for_toml(key, value)
    if not any(key in KEY_SOURCES for key in values):
        values["key"] = _read_key()
    is_first = not file.profiles
    edit = Edit(file, ())
    for key, value in values.items():
        edit = _with_value(edit, name, key, value)
    if before and values.get("endpoint", before.get("endpoint")) != before.get("endpoint"):
        why = "it is the earlier endpoint's"  # a key goes to its own endpoint alone
        edit = _without(edit, name, [key for key in SECOND_KEY_SOURCES if key in before], why)
    kept = [key for key in before if key not in values and key in edit.file.profiles[name]]
    file = edit.file
    if file.default_profile is None and is_first:
        file = file.with_default_profile(name)
    doctor = command_line(app.complete(command("doctor", "--profile", name)))
    told = f"profile {name} is in {file.path}; {doctor} tries it"
    keeps = (f"it keeps {', '.join(harmless(key)[:80] for key in kept)}",) if kept else ()
    return Edit(file, (*edit.notes, told, *keeps))


def with_setting(app: App, name: str, value: str | None) -> Edit:
    """Return the file with one setting of the chosen profile changed. Raises UsageError."""
    if name == "default_profile":
        use = command("config", "use", value) if value else USE_NAME
        raise UsageError("default_profile is no profile's setting", hint=Hint(use))
    if name not in SETTINGS:
        raise UsageError(f"there is no setting {shown(name)}{nearest(name, SETTINGS)}", hint=_LIST_HINT)
    settings = _chosen(app, "set")
    if name in SECRET_SETTINGS and value is not None:
        raise UsageError("a key is never an argument: others could see it", hint="leave it out; it is asked for")
    if name not in SECRET_SETTINGS and value is None:
        raise UsageError(f"config set {name} needs a value")
    stored = _read_key() if value is None else _for_toml(name, value)
    edit = _with_value(Edit(settings.file, ()), settings.profile or "", name, stored)
    return Edit(edit.file, (*edit.notes, f"{name} is set in {edit.file.path}"))


def without_setting(app: App, name: str) -> Edit:
    """Return the file without one setting of the chosen profile, or without a default profile. Raises UsageError."""
    if name == "default_profile":
        file = config_file(app)
        profile, is_there = None, file.default_profile is not None
    else:
        settings = _chosen(app, "unset")
        file, profile = settings.file, settings.profile
        is_there = name in file.profiles.get(profile or "", {})
        if not is_there and name not in SETTINGS:
            raise UsageError(f"there is no setting {shown(name)}{nearest(name, SETTINGS)}", hint=_LIST_HINT)
    if not is_there:
        where = f"profile {profile} of {file.path}" if profile else str(file.path)
        return Edit(file, (f"{name} is not set in {where}; nothing was changed",))
    return Edit(file.without_value(profile, name), (f"{harmless(name)} is removed from {file.path}",))


def without_profile(app: App, name: str, *, consent: bool) -> Edit:
    """Return the file without a profile. At a terminal it asks. Raises UsageError without consent."""
    file = config_file(app)
    if name not in file.profiles:
        built_in = "; the built-in profiles stay" if name in Settings(file, None, {}, {}).profile_names else ""
        raise UsageError(f"{file.path} has no profile {shown(name)}{nearest(name, file.profiles)}{built_in}")
    require_consent("config delete", given=consent)
    question = f"Delete profile {name} from {file.path}?"
    confirm(question, given=consent, undone="nothing was deleted", reporter=app.messages)
    notes = [f"profile {name} is removed from {file.path}"]
    after = file.without_profile(name)
    if after.default_profile == name:
        after = after.without_value(None, "default_profile")
        use = command_line(app.complete(USE_NAME))
        notes.append(f"default_profile named it and is removed too; {use} names another")
    return Edit(after, tuple(notes))


def with_default_profile(app: App, name: str) -> Edit:
    """Return the file with another default profile. Raises UsageError where it does not exist."""
    file = config_file(app)
    names = Settings(file, None, {}, {}).profile_names
    if name not in names:
        raise UsageError(
            f"there is no profile {shown(name)}{nearest(name, names)}", hint=f"there are: {', '.join(names)}"
        )
    return Edit(file.with_default_profile(name), (f"{name} is the default profile now",))


def config_file(app: App) -> ConfigFile:
    """Return the configuration file to edit, which need not exist yet. Raises ConfigurationError where it is wrong."""
    return ConfigFile.read(config_path(app.options.config, app.environment))


_LIST_HINT = Hint(command("config", "show"), " lists them")


def _chosen(app: App, name: str) -> Settings:
    """Return the settings of the profile to edit, whose values may be wrong. Raises UsageError where none is chosen."""
    settings = choose(config_file(app), profile=app.options.profile, options={}, environment=app.environment)
    if settings.profile is None:
        raise UsageError(f"config {name} needs a profile", hint=Hint("--profile NAME, or ", command("config", "init")))
    return settings


def _with_value(edit: Edit, profile: str, name: str, value: Any) -> Edit:
    """Return an edit with one value set. A key source takes the place of the profile's earlier one."""
    before = edit.file.profiles.get(profile, {})
    edit = Edit(edit.file.with_value(profile, name, value), edit.notes)
    if not _is_source(name, value):
        return edit
    rivals = KEY_SOURCES if name in KEY_SOURCES else SECOND_KEY_SOURCES
    which = "key source" if name in KEY_SOURCES else "second key"
    replaced = [key for key in rivals if key != name and _is_source(key, before.get(key))]
    return _without(edit, profile, replaced, f"a profile has one {which}")


def _without(edit: Edit, profile: str, names: list[str], why: str) -> Edit:
    file = edit.file
    for name in names:
        file = file.without_value(profile, name)
    return Edit(file, (*edit.notes, *(f"{name} is removed: {why}" for name in names)))


def _is_source(name: str, value: Any) -> bool:
    """Tell whether a value of the file gives a key; `keyring = false` and `auth = "key"` give none."""
    if name == "auth":
        return bool(value == "entra")
    return name in (*KEY_SOURCES, *SECOND_KEY_SOURCES) and value not in (None, False)


def _for_toml(name: str, value: object) -> object:
    """Return a value as the file holds it, after the same check that reading it makes. Raises UsageError."""
    try:
        return SETTINGS[name].value_type.for_toml(value)
    except UsageError as error:
        raise UsageError(f"{name}: {error.message}", hint=error.hint) from None


def _read_key() -> str:
    text = ask_secret("Key (not shown): ")
    if not sys.stdin.isatty():
        return check_key(text, "stdin").reveal()
    if not text.strip():
        raise CredentialsError("no key was typed; nothing was changed")
    if not could_be_key(text.strip()):
        raise CredentialsError("what you typed cannot be a key; nothing was changed", hint=KEY_HINT)
    return text.strip()
