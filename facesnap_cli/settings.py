"""Every setting: option > environment > profile > default, each value with the place that it came from."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facesnap_cli.checks import check_apply_scope, check_object_id, parse_object_type
from facesnap_cli.config_file import ConfigFile
from facesnap_cli.endpoints import Proxy, parse_endpoint
from facesnap_cli.errors import ConfigurationError, FacesnapError, UsageError
from facesnap_cli.models import is_guid
from facesnap_cli.secret import Secret
from facesnap_cli.text import harmless, nearest, parse_duration

OUTPUT_FORMATS = ("table", "json", "jsonl", "tsv", "id", "none")
API_VERSIONS = ("v1.0", "v1.0-preview", "v1.2")
MOST_HTTP_TIMEOUT_S = 3600.0
_CALLS = re.compile(r"[1-9][0-9]{0,4}")


_VARIABLE = re.compile(r"(?![0-9A-Fa-f]{32}$)[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it came from, for people."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Field:
    """One setting: how a raw value (a string, or what TOML gives) is read, and its variable and default."""

    parse: Callable[[object], Any]
    help: str
    env: str = ""
    default: Any = None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `calls` in any `period_s` seconds."""

    calls: int
    period_s: float

    def __str__(self) -> str:
        return f"{self.calls}/{ {1.0: 's', 60.0: 'm', 3600.0: 'h'}[self.period_s] }"


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise UsageError("must be a text that is not empty")
    return raw.strip()


def _variable(raw: object) -> str:
    text = _text(raw)
    if not _VARIABLE.fullmatch(text):
        raise UsageError("must be a variable's name, not the key itself")
    return text


def _flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise UsageError("must be true or false")


def _secret(raw: object) -> Secret:
    return Secret(_text(raw))


def _choice(choices: tuple[str, ...]) -> Callable[[object], str]:
    def parse(raw: object) -> str:
        text = _text(raw)
        if text.lower() in choices:
            return text.lower()
        raise UsageError(f"{harmless(text)!r} is not one of {', '.join(choices)}{nearest(text, choices)}")

    return parse


def _subscription(raw: object) -> str:
    text = _text(raw)
    if not is_guid(text):
        raise UsageError("a subscription id is a GUID with dashes (a key is not)")
    return text


def _scope(raw: object) -> tuple[str, ...]:
    entries = [raw] if isinstance(raw, str) else raw
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise UsageError("must be a list of subscription ids")
    return check_apply_scope(entries)


def _whole_number(raw: object) -> int:
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 4:
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= 100:
        raise UsageError("must be a whole number from 0 to 100")
    return raw


def _duration(raw: object) -> float:
    if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw < 1e10:
        raw = f"{raw:.3f}"
    seconds = parse_duration(_text(raw))
    if seconds <= 0:
        raise UsageError("must be a duration of more than nothing")
    return seconds


def _http_timeout(raw: object) -> float:
    seconds = _duration(raw)
    if seconds > MOST_HTTP_TIMEOUT_S:
        raise UsageError("must be an hour at most")
    return seconds


def _rate_limit(raw: object) -> RateLimit | None:
    text = _text(raw).lower()
    if text == "none":
        return None
    calls, slash, unit = text.partition("/")
    periods = {"s": 1.0, "m": 60.0, "h": 3600.0}
    if not slash or unit not in periods or not _CALLS.fullmatch(calls):
        raise UsageError(f"{harmless(text)!r} is not a rate limit; write for example 10/s, 20/m, or none")
    return RateLimit(int(calls), periods[unit])


def _command(raw: object) -> str | list[str]:
    if isinstance(raw, list) and raw and all(isinstance(part, str) for part in raw):
        return raw
    return _text(raw)


FIELDS: Mapping[str, Field] = {
    "endpoint": Field(lambda raw: parse_endpoint(_text(raw)), "the resource's URL", "FACESNAP_ENDPOINT"),
    "api_version": Field(_choice(API_VERSIONS), "the path's version", "FACESNAP_API_VERSION", "v1.0"),
    "subscription_id": Field(_subscription, "the Azure subscription's id", "FACESNAP_SUBSCRIPTION_ID"),
    "apply_scope": Field(_scope, "subscription ids that may apply what is taken", "FACESNAP_APPLY_SCOPE", ()),
    "object_id": Field(lambda raw: check_object_id(_text(raw)), "the object to take", "FACESNAP_OBJECT_ID"),
    "type": Field(lambda raw: parse_object_type(_text(raw)), "the object's type"),
    "output": Field(_choice(OUTPUT_FORMATS), "the output's format", "FACESNAP_OUTPUT", "table"),
    "rate_limit": Field(_rate_limit, "calls a time: 10/s, 20/m, none", default=RateLimit(10, 1.0)),
    "timeout": Field(_duration, "how long to wait for an operation"),
    "poll_interval": Field(_duration, "seconds between two looks, instead of the schedule"),
    "http_timeout": Field(_http_timeout, "seconds for one request", default=30.0),
    "max_retries": Field(_whole_number, "how often a request is sent again", default=4),
    "proxy": Field(lambda raw: Proxy.parse(_text(raw)), "the proxy's URL"),
    "ca_bundle": Field(_text, "a PEM file of the authorities to trust"),
    "keep_journal": Field(_duration, "how long finished operations stay in the journal", default=90 * 86400.0),
    "key": Field(_secret, "the key itself", "FACESNAP_KEY"),
    "key_env": Field(_variable, "the variable that holds the key"),
    "key_file": Field(_text, "the file that holds the key"),
    "key_command": Field(_command, "the command that prints the key"),
    "keyring": Field(_flag, "the key lies in the system's keyring"),
    "auth": Field(_choice(("key", "entra")), "how to authenticate", default="key"),
    "key2": Field(_secret, "the second key itself"),
    "key2_env": Field(_variable, "the variable that holds the second key"),
    "key2_file": Field(_text, "the file that holds the second key"),
    "key2_command": Field(_command, "the command that prints the second key"),
}
SECRET_FIELDS = ("key", "key2")

BUILT_IN_PROFILES: Mapping[str, Mapping[str, Any]] = {
    "emulator": {
        "endpoint": "http://127.0.0.1:8765",
        "key": "a0000000000000000000000000000001",
        "subscription_id": "aaaaaaaa-0000-4000-8000-000000000001",
        "apply_scope": ["bbbbbbbb-0000-4000-8000-000000000002"],
        "rate_limit": "none",
    },
    "emulator-target": {
        "endpoint": "http://127.0.0.1:8765",
        "key": "b0000000000000000000000000000001",
        "subscription_id": "bbbbbbbb-0000-4000-8000-000000000002",
        "rate_limit": "none",
    },
}


@dataclass(frozen=True)
class Settings:
    """The settings of one profile (or of none: the environment alone), resolved when they are asked for."""

    file: ConfigFile
    profile: str | None
    options: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> Any:
        """Return a setting's value. Raises UsageError or ConfigurationError where it is wrong."""
        return self.lookup(name).value

    def lookup(self, name: str) -> Value:
        """Return a setting's value with its source. Raises like `[]`."""
        known = FIELDS[name]
        if self.options.get(name) is not None:
            return Value(_parsed(known, self.options[name], f"--{name.replace('_', '-')}", UsageError), "option")
        if known.env and self.environment.get(known.env, "").strip():
            return Value(_parsed(known, self.environment[known.env], known.env, UsageError), f"environment {known.env}")
        own = self.file.profiles.get(self.profile or "", {})
        if name in own:
            place = self.file.place(self.profile, name)
            value = _parsed(known, own[name], f"{place}: {name}", ConfigurationError)
            return Value(value, f"profile {self.profile} ({place})")
        built_in = BUILT_IN_PROFILES.get(self.profile or "", {})
        if name in built_in:
            return Value(known.parse(built_in[name]), f"built-in profile {self.profile}")
        return Value(known.default, "default")

    def check(self) -> None:
        """Raise UsageError or ConfigurationError for the first setting that is wrong."""
        for name in FIELDS:
            self.lookup(name)

    @property
    def profile_names(self) -> list[str]:
        """The names of the file's profiles, then of the built-in ones."""
        return [*self.file.profiles, *(name for name in BUILT_IN_PROFILES if name not in self.file.profiles)]

    def for_profile(self, name: str) -> Settings:
        """Return the settings of another profile, by itself: neither environment nor options describe it."""
        connection = ("FACESNAP_ENDPOINT", "FACESNAP_KEY", "FACESNAP_SUBSCRIPTION_ID", "FACESNAP_APPLY_SCOPE")
        rest = {key: value for key, value in self.environment.items() if key not in (*connection, "FACESNAP_OBJECT_ID")}
        return select(self.file, name, self.options, rest, source="--profile")


def load(
    *, profile: str | None, config: str | None, options: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    """Read the configuration file and choose the profile.

    The profile is `profile`, else `FACESNAP_PROFILE`, else the file's default_profile, else its only one.
    Raises ConfigurationError for a wrong file, UsageError for a profile that does not exist.
    """
    file = ConfigFile.read(config_path(config, environment))
    if config and not file.exists:
        raise ConfigurationError(f"{file.path} does not exist")
    if profile:
        return select(file, profile, options, environment, source="--profile")
    if environment.get("FACESNAP_PROFILE"):
        return select(file, environment["FACESNAP_PROFILE"], options, environment, source="FACESNAP_PROFILE")
    if file.default_profile:
        place = file.place(None, "default_profile")
        return select(file, file.default_profile, options, environment, source=f"{place}: default_profile")
    only = next(iter(file.profiles)) if len(file.profiles) == 1 else None
    return _checked(Settings(file, only, options, environment))


def select(
    file: ConfigFile, name: str, options: Mapping[str, Any], environment: Mapping[str, str], *, source: str
) -> Settings:
    """Return the settings of the profile `name`. Raises UsageError, or ConfigurationError where the file named it."""
    settings = Settings(file, name, options, environment)
    if name in settings.profile_names:
        return _checked(settings)
    kind = ConfigurationError if str(file.path) in source else UsageError
    raise kind(
        f"{source}: there is no profile {harmless(name)!r}{nearest(name, settings.profile_names)}",
        hint="facesnap config list shows what there is;"
        f" facesnap config init --profile {shlex.quote(harmless(name))} makes it",
    )


def config_path(option: str | None, environment: Mapping[str, str]) -> Path:
    """Return the configuration file's path: `--config`, `FACESNAP_CONFIG`, or the user's configuration directory."""
    chosen = option or environment.get("FACESNAP_CONFIG")
    if chosen:
        return _expanded(chosen, "--config" if option else "FACESNAP_CONFIG")
    return _own_directory("user_config_dir", "FACESNAP_CONFIG") / "config.toml"


def state_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the directory of the journal: `FACESNAP_STATE_DIR`, or the user's state directory."""
    chosen = environment.get("FACESNAP_STATE_DIR")
    if chosen:
        return _expanded(chosen, "FACESNAP_STATE_DIR")
    return _own_directory("user_state_dir", "FACESNAP_STATE_DIR")


def _expanded(text: str, name: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no such user, or no home
        raise ConfigurationError(f"{name} {harmless(text)}: this home directory is not known") from None


def _own_directory(kind: str, variable: str) -> Path:
    """Return a directory in the user's home. Without one it could begin wherever the user is, among others' files."""
    import platformdirs

    path = ""
    with contextlib.suppress(RuntimeError):
        path = getattr(platformdirs, kind)("facesnap", appauthor=False)
    if not os.path.isabs(path):
        raise ConfigurationError("this user's home directory is not known", hint=f"set HOME, or {variable}")
    return Path(path)


def _parsed(known: Field, raw: object, name: str, kind: type[FacesnapError]) -> Any:
    try:
        return known.parse(raw)
    except UsageError as error:
        raise kind(f"{name}: {error.message}", hint=error.hint) from None


def _checked(settings: Settings) -> Settings:
    for key in settings.file.profiles.get(settings.profile or "", {}):
        if key not in FIELDS:
            place = settings.file.place(settings.profile, key)
            raise ConfigurationError(f"{place}: unknown key {harmless(key)!r}{nearest(key, FIELDS)}")
    return settings
