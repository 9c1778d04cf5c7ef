"""Every setting: option > environment > profile > default, each value with the place that it came from."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facesnap_cli.common.errors import ConfigurationError, FacesnapError, UsageError
from facesnap_cli.common.escape import harmless, nearest, shown
from facesnap_cli.config.definitions import BUILT_IN_PROFILES, FIELDS, Field
from facesnap_cli.config.file import ConfigFile


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it came from, for people."""

    value: Any
    source: str


@dataclass(frozen=True)
class Settings:
    """The settings of one profile (or of none: the environment alone), resolved when they are asked for."""

    file: ConfigFile
    profile: str | None
    options: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    chosen: str = ""  # how the profile was chosen, for people

    def __getitem__(self, name: str) -> Any:
        """Return a setting's value. Raises UsageError or ConfigurationError where it is wrong."""
        return self.lookup(name).value

    def lookup(self, name: str) -> Value:
        """Return a setting's value with its source. Raises like `[]`."""
        known = FIELDS[name]
        if self.options.get(name) is not None:
            return Value(_parsed(known, self.options[name], self.origin(name), UsageError), "option")
        if known.env and self.environment.get(known.env, "").strip():
            return Value(_parsed(known, self.environment[known.env], known.env, UsageError), f"environment {known.env}")
        own = self.file.profiles.get(self.profile or "", {})
        if name in own:
            place = self.file.place(self.profile, name)
            value = _parsed(known, own[name], self.origin(name), ConfigurationError)
            if name == "ca_bundle":  # a path in the file starts at the file's directory, wherever the program runs
                value = str(self.file.path.absolute().parent / Path(value).expanduser())
            return Value(value, f"profile {self.profile} ({place})")
        built_in = BUILT_IN_PROFILES.get(self.profile or "", {})
        if name in built_in:
            return Value(known.parse(built_in[name]), f"built-in profile {self.profile}")
        return Value(known.default, "default")

    def check(self) -> None:
        """Raise UsageError or ConfigurationError for the first setting that is wrong."""
        for name in FIELDS:
            self.lookup(name)

    def check_names(self) -> None:
        """Raise ConfigurationError for a key of the profile that is no setting's name."""
        for key in self.file.profiles.get(self.profile or "", {}):
            if key not in FIELDS:
                place = self.file.place(self.profile, key)
                raise ConfigurationError(f"{place}: unknown key {shown(key)}{nearest(key, FIELDS)}")

    def require_profile(self) -> None:
        """Raise UsageError where nothing says which of the file's profiles is meant."""
        if self.profile is None and self.file.profiles and self["endpoint"] is None:
            raise UsageError(
                "no profile is chosen, and there are several",
                hint=f"--profile NAME, or facesnap config use NAME makes it the default: {listed(self)}",
            )

    def origin(self, name: str) -> str:
        """Return what an error calls the setting by: its option, its variable, or its place in the file."""
        if self.options.get(name) is not None:
            return f"--{name.replace('_', '-')}"
        env = FIELDS[name].env
        if env and self.environment.get(env, "").strip():
            return env
        return f"{self.file.place(self.profile, name)}: {name}"

    @property
    def profile_names(self) -> list[str]:
        """The names of the file's profiles, then of the built-in ones."""
        return [*self.file.profiles, *(name for name in BUILT_IN_PROFILES if name not in self.file.profiles)]

    def for_profile(self, name: str) -> Settings:
        """Return the settings of another profile, by itself: neither environment nor options describe it."""
        connection = ("FACESNAP_ENDPOINT", "FACESNAP_KEY", "FACESNAP_SUBSCRIPTION_ID", "FACESNAP_APPLY_SCOPE")
        rest = {key: value for key, value in self.environment.items() if key not in (*connection, "FACESNAP_OBJECT_ID")}
        settings = select(self.file, name, self.options, rest, source="--profile")
        settings.check_names()
        return settings


def load(
    *, profile: str | None, config: str | None, options: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    """Read the configuration file and choose the profile.

    Raises ConfigurationError for a wrong file, or one that was named and does not exist, UsageError for a profile that
    does not exist.
    """
    file = ConfigFile.read(config_path(config, environment))
    if not file.exists and (config or environment.get("FACESNAP_CONFIG")):
        named = "--config" if config else "FACESNAP_CONFIG"
        raise ConfigurationError(f"{named}: {file.path} does not exist", hint="facesnap config init makes it")
    settings = choose(file, profile=profile, options=options, environment=environment)
    settings.check_names()
    return settings


def choose(
    file: ConfigFile, *, profile: str | None, options: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    """Return the settings of `profile`, else of FACESNAP_PROFILE's, else of the default one, else of the only one.

    Raises UsageError for one that does not exist, ConfigurationError where the file named it. Its values are not looked
    at yet, so that wrong ones can be set right.
    """
    if profile:
        return select(file, profile, options, environment, source="--profile", chosen="option")
    if variable := environment.get("FACESNAP_PROFILE"):
        return select(
            file, variable, options, environment, source="FACESNAP_PROFILE", chosen="environment FACESNAP_PROFILE"
        )
    if default := file.default_profile:
        place = file.place(None, "default_profile")
        settings = Settings(file, default, options, environment, f"default_profile ({place})")
        if default not in settings.profile_names:
            raise ConfigurationError(
                f"{place}: default_profile: there is no profile {shown(default)}"
                f"{nearest(default, settings.profile_names)}",
                hint=f"facesnap config use NAME names another: {listed(settings)}",
            )
        return settings
    only = next(iter(file.profiles)) if len(file.profiles) == 1 else None
    return Settings(file, only, options, environment, "the file's only one" if only else "none is chosen")


def select(
    file: ConfigFile,
    name: str,
    options: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    source: str,
    chosen: str = "",
) -> Settings:
    """Return the settings of the profile `name`, which `source` names. Raises UsageError where there is none."""
    settings = Settings(file, name, options, environment, chosen)
    if name not in settings.profile_names:
        raise UsageError(
            f"{source}: there is no profile {shown(name)}{nearest(name, settings.profile_names)}",
            hint="facesnap config list shows what there is;"
            f" facesnap config init --profile {shlex.quote(harmless(name)[:80])} makes it",
        )
    return settings


def listed(settings: Settings, most: int = 5) -> str:
    """Return the names of the file's profiles for a message, or of the built-in ones where it has none."""
    names = list(settings.file.profiles) or settings.profile_names
    return ", ".join([*(harmless(name)[:80] for name in names[:most]), *["…"][: len(names) > most]])


def output_style(load_settings: Callable[[], Settings], options: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """Return the output's format, also where the configuration is wrong: what needs it says what is wrong with it.

    Raises UsageError for a wrong one in an option or a variable.
    """
    try:
        style: str = load_settings()["output"]
    except FacesnapError:
        style = Settings(ConfigFile(Path()), None, options, env)["output"]
    return style


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
