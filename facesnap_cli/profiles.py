"""Make and change profiles, and tell what they say without telling a key."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from facesnap_cli.checks import PROFILE_NAME
from facesnap_cli.config_file import ConfigFile
from facesnap_cli.endpoints import Proxy
from facesnap_cli.errors import UsageError
from facesnap_cli.key_sources import check_key
from facesnap_cli.prompts import ask, ask_secret
from facesnap_cli.secret import Secret
from facesnap_cli.settings import FIELDS, SECRET_FIELDS, RateLimit, Settings, config_path
from facesnap_cli.text import format_duration, harmless, nearest

if TYPE_CHECKING:
    from facesnap_cli.context import App

KEY_SOURCES = ("key", "key_env", "key_file", "key_command", "keyring", "auth")


def new_profile(app: App, given: Mapping[str, Any], *, force: bool) -> tuple[ConfigFile, str]:
    """Return the configuration file with a new profile, and its name. What is missing is asked for at a terminal.

    Raises UsageError where the profile exists, a value is wrong, or something is missing.
    """
    file = ConfigFile.read(config_path(app.options.config, app.environment))
    name = app.options.profile or (ask("Name of the profile [default]: ") if app.can_ask() else "") or "default"
    if not PROFILE_NAME.fullmatch(name):
        raise UsageError(f"{harmless(name)!r} cannot be a profile's name", hint="letters, digits, - and _")
    if name in file.profiles and not force:
        raise UsageError(f"{file.path} has a profile {name} already", hint="--force replaces it")
    values = {key: value for key, value in given.items() if value}
    if len([key for key in values if key in KEY_SOURCES]) > 1:
        raise UsageError("a profile has one key source; several were given")
    if "endpoint" not in values and app.can_ask():
        values["endpoint"] = ask("Endpoint (https://NAME.cognitiveservices.azure.com): ")
    if not values.get("endpoint"):
        raise UsageError("config init needs --endpoint")
    for key, value in values.items():
        values[key] = _for_toml(key, value)
    if not any(key in KEY_SOURCES for key in values):
        values["key"] = _read_key()
    if name in file.profiles:
        file = file.without_profile(name)
    is_first = not file.profiles
    for key, value in values.items():
        file = file.with_value(name, key, value)
    if file.default_profile is None and is_first:
        file = file.with_default_profile(name)
    return file, name


def with_setting(app: App, name: str, value: str | None) -> ConfigFile:
    """Return the configuration file with one setting of the chosen profile changed. Raises UsageError."""
    if name not in FIELDS:
        raise UsageError(
            f"there is no setting {harmless(name)!r}{nearest(name, FIELDS)}",
            hint="facesnap config show lists them",
        )
    profile = app.settings.profile
    if profile is None:
        raise UsageError("config set needs a profile", hint="--profile NAME, or facesnap config init")
    if name in SECRET_FIELDS:
        if value is not None:
            raise UsageError("a key is never an argument: others could see it", hint="leave it out; it is asked for")
        return app.settings.file.with_value(profile, name, _read_key())
    if value is None:
        raise UsageError(f"config set {name} needs a value")
    others = [key for key in KEY_SOURCES if key in app.settings.file.profiles.get(profile, {}) and key != name]
    if name in KEY_SOURCES and others:
        raise UsageError(
            f"profile {profile} has a key source already: {', '.join(others)}",
            hint=f"facesnap config init --profile {shlex.quote(profile)} --force makes the profile anew",
        )
    return app.settings.file.with_value(profile, name, _for_toml(name, value))


def with_default_profile(app: App, name: str) -> ConfigFile:
    """Return the configuration file with another default profile. Raises UsageError where it does not exist."""
    file = ConfigFile.read(config_path(app.options.config, app.environment))
    names = Settings(file, None, {}, {}).profile_names
    if name not in names:
        raise UsageError(
            f"there is no profile {harmless(name)!r}{nearest(name, names)}", hint=f"there are: {', '.join(names)}"
        )
    return file.with_default_profile(name)


def setting_documents(settings: Settings) -> list[dict[str, object]]:
    """Return every setting with its value and source; a key is there as `***`."""
    documents: list[dict[str, object]] = [{"name": "profile", "value": settings.profile, "source": "chosen"}]
    for name in FIELDS:
        found = settings.lookup(name)
        if found.value is None and name in (*SECRET_FIELDS, *(s for s in FIELDS if s.startswith("key"))):
            continue
        documents.append({"name": name, "value": _shown(name, found.value), "source": found.source})
    return documents


def profile_documents(settings: Settings) -> list[dict[str, object]]:
    """Return what is to be known of each profile."""
    documents = []
    for name in settings.profile_names:
        one = Settings(settings.file, name, {}, {})
        sources = [key for key in KEY_SOURCES if key != "auth" and one[key]] or ["entra"] * (one["auth"] == "entra")
        documents.append(
            {
                "name": name,
                "default": name == settings.profile,
                "endpoint": one["endpoint"],
                "subscriptionId": one["subscription_id"],
                "keySource": sources[0] if sources else None,
            }
        )
    return documents


def _for_toml(name: str, value: Any) -> Any:
    """Return a value as the file holds it, after the same check that reading it makes. Raises UsageError."""
    if name == "keyring" and isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), value)
    try:
        parsed = FIELDS[name].parse(value)
    except UsageError as error:
        raise UsageError(f"{name}: {error.message}", hint=error.hint) from None
    if name == "apply_scope":
        return list(parsed)
    if name.endswith("_file") and not parsed.startswith(("$", "~")):
        return os.path.abspath(parsed)  # the file's own paths start at its directory, an option's at the current one
    if isinstance(parsed, RateLimit | Proxy | float) or parsed is None:
        return str(value)
    return str(parsed) if isinstance(parsed, str) else parsed


def _shown(name: str, value: object) -> object:
    if isinstance(value, RateLimit | Secret | Proxy):
        return str(value)
    if isinstance(value, float):
        return format_duration(value)
    return list(value) if isinstance(value, tuple) else value


def _read_key() -> str:
    return check_key(ask_secret("Key (not shown): "), "stdin").reveal()
