"""Resolve the settings: an option goes before the environment, then the profile, then the default."""

from __future__ import annotations

import contextlib
import enum
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from facesnap_cli.common.errors import ConfigurationError, FacesnapError, UsageError
from facesnap_cli.common.escape import harmless, nearest, shown
from facesnap_cli.common.hints import Hint, Option, command
from facesnap_cli.config.definitions import BUILT_IN_PROFILES, SETTINGS, DefinedSettings
from facesnap_cli.config.file import ConfigFile
from facesnap_cli.config.locations import UnknownHomeError, config_path
from facesnap_cli.config.paths import InputPath, user_path

USE_NAME = command("config", "use", "NAME")


class Source(enum.Enum):
    """The kinds of places that a value comes from."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    PROFILE = "profile"
    BUILT_IN = "built-in profile"
    DEFAULT = "default"


class Settings(DefinedSettings):
    """The settings of one profile, or of the environment alone. Each is resolved when it is read."""

    def __init__(
        self,
        file: ConfigFile,
        profile: str | None,
        options: Mapping[str, Any],
        environment: Mapping[str, str],
        chosen: str = "",
    ):
        self.file = file
        self.profile = profile
        self.options = options
        self.environment = environment
        self.chosen = chosen  # how the profile was chosen

    def value_of(self, name: str) -> Any:
        """Return the value of a setting by its name. Raises UsageError or ConfigurationError if it is wrong."""
        setting, source = SETTINGS[name], self.source_of(name)
        if source is Source.OPTION:
            return self._parsed(name, partial(setting.value_type.parse, self.options[name]))
        if source is Source.ENVIRONMENT:
            return self._parsed(name, partial(setting.value_type.parse, self.environment[setting.env]))
        if source is Source.PROFILE:
            return self._own_value_of(name)
        if source is Source.BUILT_IN:
            return setting.value_type.parse(BUILT_IN_PROFILES[self.profile or ""][name])
        return setting.default

    def _own_value_of(self, name: str) -> Any:
        """Return the value of a setting in the profile. Raises ConfigurationError if it is wrong."""
        directory = self.file.path.absolute().parent
        try:
            return SETTINGS[name].value_type.in_file(self._own_values[name], directory)
        except UsageError as error:
            place = f"{self.file.place(self.profile, name)}: {name}"
            raise ConfigurationError(f"{place}: {error.message}", hint=error.hint) from None

    def source_of(self, name: str) -> Source:
        """Return where the value of a setting comes from."""
        env = SETTINGS[name].env
        if self.options.get(name) is not None:
            return Source.OPTION
        if env and self.environment.get(env, "").strip():
            return Source.ENVIRONMENT
        if name in self._own_values:
            return Source.PROFILE
        return Source.BUILT_IN if name in BUILT_IN_PROFILES.get(self.profile or "", ()) else Source.DEFAULT

    def describe_choice(self) -> str:
        """Return how the profile was chosen, for people."""
        if self.chosen == "default_profile":
            return f"{self.chosen} ({self.file.place(None, self.chosen)})"
        return self.chosen

    def describe_source(self, name: str) -> str:
        """Return where the value of a setting comes from, for people: the variable, or the profile with its line."""
        source = self.source_of(name)
        if source is Source.ENVIRONMENT:
            return f"{source.value} {SETTINGS[name].env}"
        if source is Source.PROFILE:
            return f"{source.value} {self.profile} ({self.file.place(self.profile, name)})"
        return f"{source.value} {self.profile}" if source is Source.BUILT_IN else source.value

    def check(self) -> None:
        """Raise UsageError or ConfigurationError for the first setting that is wrong.

        A wrong value of the profile is an error even if an option or a variable overrides it.
        """
        for name in SETTINGS:
            self.value_of(name)
            if name in self._own_values:
                self._own_value_of(name)

    def complaints_about_others(self) -> list[str]:
        """Return what is wrong with the other profiles of the file, one complaint for each."""
        complaints = []
        for name in self.file.profiles:
            if name != self.profile:
                try:
                    other = Settings(self.file, name, {}, {})
                    other.check_names()
                    other.check()
                except FacesnapError as error:
                    complaints.append(f"{error.message} (in profile {harmless(name)[:80]})")
        return complaints

    def check_names(self) -> None:
        """Raise ConfigurationError for a key of the profile that is no setting's name."""
        for key in self._own_values:
            if key not in SETTINGS:
                place = self.file.place(self.profile, key)
                raise ConfigurationError(f"{place}: unknown key {shown(key)}{nearest(key, SETTINGS)}")

    def require_profile(self) -> None:
        """Raise UsageError if the file has several profiles and none is chosen."""
        if self.profile is None and self.file.profiles and self.endpoint is None:
            raise UsageError(
                "no profile is chosen, and there are several",
                hint=Hint(Option("--profile"), " NAME, or ", USE_NAME, f" makes it the default: {listed(self)}"),
            )

    def require(self, who: str, *names: str, also: Sequence[str] = ()) -> None:
        """Raise UsageError if settings of `names` have no value. `also` is what else the command `who` lacks."""
        missing = [_how_to_give(name) for name in names if not self.value_of(name)]
        if missing or also:
            show = command("config", "show", *(("--profile", self.profile) if self.profile else ()))
            raise UsageError(
                f"{who} needs {'; '.join([*missing, *also])}", hint=Hint(show, " tells what is set, and where")
            )

    def origin(self, name: str) -> str:
        """Return what an error calls the setting: its option, its variable, or its place in the file."""
        source = self.source_of(name)
        if source is Source.OPTION:
            return f"--{name.replace('_', '-')}"
        if source is Source.ENVIRONMENT:
            return SETTINGS[name].env
        return f"{self.file.place(self.profile, name)}: {name}"

    @property
    def _own_values(self) -> Mapping[str, Any]:
        """The values that the file has for the profile."""
        return self.file.profiles.get(self.profile or "", {})

    def _parsed(self, name: str, parse: Callable[[], Any]) -> Any:
        try:
            return parse()
        except UsageError as error:
            raise UsageError(f"{self.origin(name)}: {error.message}", hint=error.hint) from None

    def named_files(self) -> list[InputPath]:
        """Return the configuration file and the files that it, for any profile, and the options name."""
        from string import Template

        directory = self.file.path.absolute().parent
        found = [InputPath(self.file.path, "the configuration file")]
        named = [
            (values[key], f"{key} of profile {harmless(profile)[:80]}")
            for profile, values in self.file.profiles.items()
            for key in ("ca_bundle", "key_file", "key2_file")
            if key in values
        ]
        for text, what in (*named, (self.options.get("ca_bundle"), "--ca-bundle")):
            with contextlib.suppress(UsageError):
                if isinstance(text, str):
                    path = user_path(Template(text).safe_substitute(self.environment))
                    found.append(
                        InputPath((directory if what != "--ca-bundle" else Path.cwd()) / path, f"the file of {what}")
                    )
        return found

    @property
    def profile_names(self) -> list[str]:
        """The names of the file's profiles, then of the built-in ones."""
        return [*self.file.profiles, *(name for name in BUILT_IN_PROFILES if name not in self.file.profiles)]

    def for_profile(self, name: str) -> Settings:
        """Return the settings of another profile, by itself: neither environment nor options describe it."""
        connection = ("FACESNAP_ENDPOINT", "FACESNAP_KEY", "FACESNAP_SUBSCRIPTION_ID", "FACESNAP_APPLY_SCOPE")
        rest = {key: value for key, value in self.environment.items() if key not in (*connection, "FACESNAP_OBJECT_ID")}
        settings = select(self.file, name, self.options, rest)
        settings.check_names()
        return settings


def _how_to_give(name: str) -> str:
    what = {"type": "the type", "object_id": "the object", "apply_scope": "the apply scope"}[name]
    places = [f"--{name.replace('_', '-')}", SETTINGS[name].env]
    return f"{what} ({', '.join(place for place in places if place)}, or {name} in the profile)"


def load(
    *, profile: str | None, config: str | None, options: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    """Read the configuration file and choose the profile.

    Raises ConfigurationError for a wrong file, or one that was named and does not exist, UsageError for a profile that
    does not exist.
    """
    file = _read_file(profile, config, environment)
    if not file.exists and (config or environment.get("FACESNAP_CONFIG")):
        named = "--config" if config else "FACESNAP_CONFIG"
        raise ConfigurationError(
            f"{named}: {file.path} does not exist", hint=Hint(command("config", "init"), " makes it")
        )
    settings = choose(file, profile=profile, options=options, environment=environment)
    settings.check_names()
    return settings


def _read_file(profile: str | None, config: str | None, environment: Mapping[str, str]) -> ConfigFile:
    """Return the configuration file; an empty one if there can be none and the environment says all that is needed."""
    try:
        return ConfigFile.read(config_path(config, environment))
    except UnknownHomeError:
        chosen = profile or environment.get("FACESNAP_PROFILE")
        if environment.get("FACESNAP_ENDPOINT") or chosen in BUILT_IN_PROFILES:
            return ConfigFile(Path(os.devnull))
        raise


def choose(
    file: ConfigFile, *, profile: str | None, options: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    """Return the settings of `profile`, else of FACESNAP_PROFILE, else of the default profile, else of the only one.

    Raises UsageError if the profile does not exist, ConfigurationError if the file names it. Reads no value yet:
    commands can then mend wrong ones.
    """
    if profile:
        return select(file, profile, options, environment, source="--profile", chosen="option")
    if variable := environment.get("FACESNAP_PROFILE"):
        return select(
            file, variable, options, environment, source="FACESNAP_PROFILE", chosen="environment FACESNAP_PROFILE"
        )
    if default := file.default_profile:
        settings = Settings(file, default, options, environment, "default_profile")
        if default not in settings.profile_names:
            raise ConfigurationError(
                f"{file.place(None, 'default_profile')}: default_profile: there is no profile {shown(default)}"
                f"{nearest(default, settings.profile_names)}",
                hint=Hint(USE_NAME, f" names another: {listed(settings)}"),
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
    source: str = "",
    chosen: str = "",
) -> Settings:
    """Return the settings of the profile `name`, which `source` named. Raises UsageError if there is none."""
    settings = Settings(file, name, options, environment, chosen)
    if name not in settings.profile_names:
        place = f"{source}: " if source else ""
        raise UsageError(
            f"{place}there is no profile {shown(name)}{nearest(name, settings.profile_names)}",
            hint=Hint(
                command("config", "list"),
                " shows what there is; ",
                command("config", "init", "--profile", harmless(name)[:80]),
                " makes it",
            ),
        )
    return settings


def listed(settings: Settings, most: int = 5) -> str:
    """Return the names of the file's profiles for a message, or of the built-in profiles if it has none."""
    names = list(settings.file.profiles) or settings.profile_names
    return ", ".join([*(harmless(name)[:80] for name in names[:most]), *["…"][: len(names) > most]])


def output_style(load_settings: Callable[[], Settings], options: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """Return the output's format, also if the configuration is wrong: the code that needs it raises the error.

    Raises UsageError if an option or a variable has a wrong format.
    """
    try:
        return load_settings().output
    except FacesnapError:
        return Settings(ConfigFile(Path()), None, options, env).output
