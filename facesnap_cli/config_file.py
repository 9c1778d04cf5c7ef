"""The configuration file: read with the line of every complaint, edited without losing its comments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from facesnap_cli.errors import ConfigurationError
from facesnap_cli.files import exposed_to_others, replaced
from facesnap_cli.text import harmless

_TOP_LEVEL = ("default_profile", "profiles")
_INLINE_KEYS = ("key", "key2")
_SYNTAX_PLACE = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True)
class ConfigFile:
    """A parsed configuration file; one that does not exist is an empty one."""

    path: Path
    exists: bool = False
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check the file's structure. Raises ConfigurationError, naming the line."""
        import tomllib

        try:
            raw = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return cls(path)
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
        try:
            text = raw.decode("utf-8-sig")
            data = tomllib.loads(text)
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise ConfigurationError(f"{path}:{line}: not UTF-8") from error
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise ConfigurationError(_syntax_message(path, text, str(error))) from error
        config = cls(path, True, text, data)
        config._check()
        return config

    @property
    def profiles(self) -> Mapping[str, Mapping[str, Any]]:
        profiles: Mapping[str, Mapping[str, Any]] = self.data.get("profiles", {})
        return profiles

    @property
    def default_profile(self) -> str | None:
        return self.data.get("default_profile")

    def place(self, profile: str | None, key: str = "") -> str:
        """Return `path:line` of a profile's key, of the profile's header, or of a top-level key."""
        line = _line_of(self.text, profile, key) or _line_of(self.text, profile, "")
        return f"{self.path}:{line}" if line else str(self.path)

    def with_value(self, profile: str | None, key: str, value: object) -> Self:
        """Return the file with one value set (`profile` None: at the top), other lines as they were."""
        import tomllib

        data = {**self.data}
        if profile is None:
            data[key] = value
        else:
            data["profiles"] = {**self.profiles, profile: {**self.profiles.get(profile, {}), key: value}}
        text = _edited(self.text, profile, key, value)
        try:
            same = tomllib.loads(text) == data
        except tomllib.TOMLDecodeError:
            same = False
        if not same:  # a form that the line editor does not know: an inline table, a value over several lines
            import tomli_w

            text = tomli_w.dumps(data)
        return type(self)(self.path, self.exists, text, data)

    def write(self) -> None:
        """Replace the file atomically, mode 0600. Raises ConfigurationError where that is impossible."""
        try:
            with replaced(self.path) as file:
                file.write(self.text)
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be written: {error.strerror}") from error

    def _check(self) -> None:
        for key in self.data:
            if key not in _TOP_LEVEL:
                raise ConfigurationError(
                    f"{self.place(None, key)}: unknown key {harmless(key)!r}",
                    hint="profiles are tables: [profiles.NAME], with endpoint, a key source and defaults",
                )
        if not isinstance(self.data.get("default_profile", ""), str):
            raise ConfigurationError(f"{self.place(None, 'default_profile')}: default_profile must be a string")
        profiles = self.data.get("profiles", {})
        if not isinstance(profiles, dict) or not all(isinstance(entry, dict) for entry in profiles.values()):
            raise ConfigurationError(f"{self.place(None, 'profiles')}: every profile is a table, [profiles.NAME]")
        holds_key = any(key in profile for profile in profiles.values() for key in _INLINE_KEYS)
        if holds_key and exposed_to_others(self.path):
            raise ConfigurationError(f"{self.path} holds a key and others may read it", hint=f"chmod 600 {self.path}")


def _syntax_message(path: Path, text: str, error: str) -> str:
    place = _SYNTAX_PLACE.search(error)
    what = _SYNTAX_PLACE.sub("", error).strip()
    line = (place and place[1]) or text.count("\n") + 1
    return f"{path}:{line}: {harmless(what)}"


def _header(profile: str) -> re.Pattern[str]:
    name = re.escape(profile)
    return re.compile(rf"""\s*\[\s*profiles\s*\.\s*(?:{name}|"{name}"|'{name}')\s*\]\s*(?:#.*)?""")


def _assignment(key: str) -> re.Pattern[str]:
    return re.compile(rf"""\s*(?:\[+\s*)?["']?{re.escape(key)}["']?\s*[=.\]]""")


def _section(lines: list[str], profile: str | None) -> range:
    """Return the lines that a profile's table (without its header), or the top of the file, takes up."""
    start = 0
    if profile is not None:
        header = _header(profile)
        start = next((number + 1 for number, line in enumerate(lines) if header.fullmatch(line)), len(lines) + 1)
    end = next((n for n in range(start, len(lines)) if lines[n].lstrip().startswith("[")), len(lines))
    return range(start, end)


def _line_of(text: str, profile: str | None, key: str) -> int | None:
    lines = text.splitlines()
    section = _section(lines, profile)
    if not key:
        return section.start if profile is not None and section.start <= len(lines) else None
    pattern = _assignment(key)
    searched = section if profile is not None else range(len(lines))
    return next((number + 1 for number in searched if pattern.match(lines[number])), None)


def _edited(text: str, profile: str | None, key: str, value: object) -> str:
    import tomli_w

    assignment = tomli_w.dumps({key: value}).rstrip("\n")
    lines = text.splitlines()
    section = _section(lines, profile)
    if section.start > len(lines):
        gap = [""] if lines else []
        header = tomli_w.dumps({"profiles": {profile: {}}}).strip().splitlines()[-1]
        return "\n".join([*lines, *gap, header, assignment, ""])
    pattern = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
    found = next((number for number in section if pattern.match(lines[number])), None)
    if found is not None:
        lines[found] = assignment
    else:
        end = section.stop
        while end > section.start and not lines[end - 1].strip():
            end -= 1
        lines.insert(end, assignment)
    return "\n".join([*lines, ""])
