"""Change profiles in the configuration file, so that each keeps one key source and its keys stay with its endpoint."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tomli_w

from facesnap_cli.common.errors import ConfigurationError, UsageError
from facesnap_cli.common.escape import harmless, shown, storable
from facesnap_cli.common.files import replaced
from facesnap_cli.common.hints import Hint
from facesnap_cli.config.definitions import SECRET_SETTINGS, SETTINGS
from facesnap_cli.config.file import ConfigFile
from facesnap_cli.config.toml_edit import Names, lines_about, with_value, without

KEY_SOURCES = ("key", "key_env", "key_file", "key_command", "keyring", "auth")
SECOND_KEY_SOURCES = ("key2", "key2_env", "key2_file", "key2_command")
DEFAULT_PROFILE = ("default_profile",)


@dataclass(frozen=True, slots=True)
class Edit:
    """A changed configuration file, and notes for people about what else the change brought with it."""

    file: ConfigFile
    notes: tuple[str | Hint, ...] = ()

    def with_values(self, profile: str, values: Mapping[str, object]) -> Edit:
        """Return the edit with values set in a profile, which may be new. A key source replaces the earlier one.

        Raises ConfigurationError if the file cannot be changed so.
        """
        before = self.file.profiles.get(profile)
        if before is None:
            return replace(self, file=_set(self.file, ("profiles", profile), dict(values)))
        edit = self
        for name, value in values.items():
            edit = replace(edit, file=_set(edit.file, ("profiles", profile, name), value))
            if _is_source(name, value):
                rivals = KEY_SOURCES if name in KEY_SOURCES else SECOND_KEY_SOURCES
                what = "key source" if name in KEY_SOURCES else "second key"
                earlier = [key for key in rivals if key != name and _is_source(key, before.get(key))]
                edit = edit.without_values(profile, earlier, f"a profile has one {what}")
        return edit

    def without_values(self, profile: str, names: Sequence[str], why: str) -> Edit:
        """Return the edit without values of a profile, and with a note about each. Raises ConfigurationError."""
        file = self.file
        for name in names:
            file = remove(file, ("profiles", profile, name))
        return Edit(file, (*self.notes, *(f"{name} is removed: {why}" for name in names)))

    def without_second_keys(self, profile: str) -> Edit:
        """Return the edit without the second key of a profile whose endpoint changes. Raises ConfigurationError."""
        # A key goes only to its own endpoint.
        names = [key for key in SECOND_KEY_SOURCES if key in self.file.profiles[profile]]
        return self.without_values(profile, names, "it is the earlier endpoint's")

    def with_default_profile(self, profile: str) -> Edit:
        """Return the edit with another default profile. Raises ConfigurationError."""
        return replace(self, file=_set(self.file, DEFAULT_PROFILE, profile))

    def write(self) -> None:
        """Replace the file atomically, mode 0600. Raises ConfigurationError if that is impossible, or unsafe."""
        path = self.file.path
        self.file.check_directory()
        try:
            with replaced(path, keep_link=True) as file:
                file.write(("\ufeff" if self.file.has_bom else "") + self.file.text)
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error


def value_for_file(name: str, given: object) -> object:
    """Return a setting's value as the file holds it, after the check that reading it makes. Raises UsageError."""
    try:
        value = SETTINGS[name].value_type.for_toml(given)
    except UsageError as error:
        raise UsageError(f"{name}: {error.message}", hint=error.hint) from None
    if isinstance(value, str) and storable(value) != value:
        raise UsageError(f"{name}: {shown(value)} is not valid UTF-8, which the configuration file is")
    return value


def remove(file: ConfigFile, names: Names) -> ConfigFile:
    """Return the file without a value or a profile. Raises ConfigurationError if other lines would change."""
    text = without(file.text, names)
    if text is None:
        where = " and ".join(_lines(lines) for lines in lines_about(file.text, names))
        raise _refusal(file, names, f"remove {_quoted(names)} from {where}")
    return _changed(file, text)


def _set(file: ConfigFile, names: Names, value: object) -> ConfigFile:
    """Return the file with a value or a profile set. Raises ConfigurationError if other lines would change."""
    text = with_value(file.text, names, value)
    if text is None:
        is_secret = names[-1] in SECRET_SETTINGS or isinstance(value, dict)
        shown = "the new value" if is_secret else harmless(tomli_w.dumps({names[-1]: value}).strip())
        where = " and ".join(_lines(lines) for lines in lines_about(file.text, names))
        change = f"change {where} for {_quoted(names)} to hold {shown}" if where else f"add {_quoted(names)}: {shown}"
        raise _refusal(file, names, change)
    return _changed(file, text)


def _changed(file: ConfigFile, text: str) -> ConfigFile:
    return ConfigFile(file.path, file.exists, text, tomllib.loads(text), file.has_bom)


def _refusal(file: ConfigFile, names: Names, change: str) -> ConfigurationError:
    line = next((found for length in range(len(names), 0, -1) if (found := file.lines.line(*names[:length]))), None)
    place = f"{file.path}:{line}" if line else str(file.path)
    return ConfigurationError(
        f"{place}: {_quoted(names)} cannot be changed without a change of other lines; nothing was written",
        hint=f"edit the file: {change}",
    )


def _quoted(names: Names) -> str:
    return harmless(".".join(names))[:200]


def _lines(lines: range) -> str:
    return f"line {lines.start}" if len(lines) == 1 else f"lines {lines.start} to {lines.stop - 1}"


def _is_source(name: str, value: Any) -> bool:
    """Return whether a value gives a key. `keyring = false` and `auth = "key"` give none."""
    if name == "auth":
        return bool(value == "entra")
    return name in (*KEY_SOURCES, *SECOND_KEY_SOURCES) and value not in (None, False)
