"""The configuration file: read with the line of every complaint, edited without losing its comments."""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from facesnap_cli.common.errors import ConfigurationError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.files import ReadFile, read_regular, replaceable_by_others, replaced

_TOP_LEVEL = ("default_profile", "profiles")
_INLINE_KEYS = ("key", "key2")
MAX_BYTES = 256 * 1024
_MOST_PARTS = 64  # of a dotted key; reading takes the square of their number
_COMMENT = re.compile(r"\s+#[^\"']*$")
# A long run of parts is looked at once, from its beginning: the quantifiers keep what they took.
_LONG_KEY = re.compile(rf"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){{{_MOST_PARTS}}}""")
# What can hide a bracket or a line's end: texts and comments.
_TOKEN = re.compile(
    r""""{3}(?:[^\\]|\\.)*?"{3}|'{3}.*?'{3}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|[\[\]{}\n]""", re.DOTALL
)
_SYNTAX_PLACE = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True)
class ConfigFile:
    """A parsed configuration file; one that does not exist is an empty one."""

    path: Path
    exists: bool = False
    text: str = field(default="", repr=False)
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check the file's structure. Raises ConfigurationError, naming the line."""
        if str(path) == os.devnull:
            return cls(path, True)
        try:
            file = read_regular(path, MAX_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return cls(path)
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigurationError(f"{harmless(str(path))!r} cannot be a file's path") from error
        config = cls(path, True, *parsed_toml(path, file.content))
        config._check(file)
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
        data = {**self.data}
        if profile is None:
            data[key] = value
        else:
            data["profiles"] = {**self.profiles, profile: {**self.profiles.get(profile, {}), key: value}}
        return self._changed(_edited(self.text, profile, key, value), data)

    def without_value(self, profile: str | None, key: str) -> Self:
        """Return the file without one value (`profile` None: of the top), other lines as they were."""
        data = {**self.data}
        if profile is None:
            data.pop(key, None)
        else:
            entries = {name: value for name, value in self.profiles.get(profile, {}).items() if name != key}
            data["profiles"] = {**self.profiles, profile: entries}
        return self._changed(_removed(self.text, profile, key), data)

    def without_profile(self, profile: str) -> Self:
        """Return the file without a profile, other lines as they were."""
        data = {**self.data, "profiles": {name: entry for name, entry in self.profiles.items() if name != profile}}
        return self._changed(_without(self.text, profile), data)

    def with_default_profile(self, profile: str) -> Self:
        """Return the file with another default profile, other lines as they were."""
        if self.default_profile is not None:
            return self.with_value(None, "default_profile", profile)
        import tomli_w

        line = tomli_w.dumps({"default_profile": profile})
        return self._changed(f"{line}\n{self.text}" if self.text else line, {"default_profile": profile, **self.data})

    def write(self) -> None:
        """Replace the file atomically, mode 0600. Raises ConfigurationError where that is impossible, or unsafe."""
        self._check_directory()
        try:
            with replaced(self.path, keep_link=True) as file:
                file.write(self.text)
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be written: {error.strerror}") from error

    def _changed(self, text: str, data: dict[str, Any]) -> Self:
        """Return the file with its text edited, or written anew where the edit did not come out as `data`."""
        if not data.get("profiles", True):
            del data["profiles"]
        if _loaded(text) != data:  # a form that the line editor does not know, such as an inline table
            import tomli_w

            text = tomli_w.dumps(data)
        return type(self)(self.path, self.exists, text, data)

    def _check(self, file: ReadFile) -> None:
        for key in self.data:
            if key not in _TOP_LEVEL:
                raise ConfigurationError(
                    f"{self.place(None, key)}: unknown key {harmless(key)[:80]!r}",
                    hint="profiles are tables: [profiles.NAME], with endpoint, a key source and defaults",
                )
        if not isinstance(self.data.get("default_profile", ""), str):
            raise ConfigurationError(f"{self.place(None, 'default_profile')}: default_profile must be a string")
        profiles = self.data.get("profiles", {})
        if not isinstance(profiles, dict) or not all(isinstance(entry, dict) for entry in profiles.values()):
            raise ConfigurationError(f"{self.place(None, 'profiles')}: every profile is a table, [profiles.NAME]")
        if file.is_foreign:
            raise foreign_file(self.path)
        if file.writable_by_others:
            raise ConfigurationError(
                f"{self.path} may be written by others, who could send your key elsewhere",
                hint=shlex.join(["chmod", "600", str(self.path)]),
            )
        self._check_directory()
        if file.exposed and any(_holds_secret(profile) for profile in profiles.values()):
            raise ConfigurationError(
                f"{self.path} holds a key and others may read it", hint=shlex.join(["chmod", "600", str(self.path)])
            )

    def _check_directory(self) -> None:
        if directory := replaceable_by_others(self.path):
            raise ConfigurationError(
                f"others may write to {directory}, and could put another {self.path.name} there",
                hint=shlex.join(["chmod", "go-w", str(directory)]),
            )


def foreign_file(path: Path) -> ConfigurationError:
    """Return the error for a file of another user, who may change at any time what is done in this one's name."""
    owning = shlex.join(["chown", str(os.geteuid()), str(path)])
    return ConfigurationError(
        f"{path} belongs to another user, who could change what it makes facesnap do",
        hint=f"run facesnap as its owner, or, if what it says is right: {owning}",
    )


def _holds_secret(profile: Mapping[str, Any]) -> bool:
    return any(key in profile for key in _INLINE_KEYS) or "@" in str(profile.get("proxy", ""))


def parsed_toml(path: Path, content: bytes) -> tuple[str, dict[str, Any]]:
    """Return a TOML file's text and data. Raises ConfigurationError, naming the line."""

    text = ""
    try:
        text = content.decode("utf-8-sig")
        if long := _LONG_KEY.search(text):
            line = text.count("\n", 0, long.start()) + 1
            raise ConfigurationError(f"{path}:{line}: a key of more than {_MOST_PARTS} parts")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{path}:{line}: not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(_syntax_message(path, text, error)) from None


def _syntax_message(path: Path, text: str, error: Exception) -> str:
    from tomllib import TOMLDecodeError

    place = _SYNTAX_PLACE.search(str(error))
    if isinstance(error, RecursionError):
        what = "nested too deeply"
    elif not isinstance(error, TOMLDecodeError):
        what = "a value that is too long or out of range"
    else:
        what = _SYNTAX_PLACE.sub("", str(error)).strip()
    line = (place and place[1]) or text.count("\n") + 1
    where = f"{path}:{line}" if isinstance(error, TOMLDecodeError) else str(path)
    return f"{where}: {harmless(what)[:200]}"


def _header(profile: str) -> re.Pattern[str]:
    name = re.escape(profile)
    return re.compile(rf"""\s*\[\s*profiles\s*\.\s*(?:{name}|"{name}"|'{name}')\s*\]\s*(?:#.*)?""")


def _assignment(key: str) -> re.Pattern[str]:
    return re.compile(rf"""\s*(?:\[+\s*)?["']?{re.escape(key)}["']?\s*[=.\]]""")


def _section(lines: list[str], profile: str | None) -> range:
    """Return the lines that a profile's table (without its header), or the top of the file, takes up.

    Comments right above the next table's header belong to that.
    """
    start = 0
    if profile is not None:
        header = _header(profile)
        start = next((number + 1 for number, line in enumerate(lines) if header.fullmatch(line)), len(lines) + 1)
    begins = _beginnings("\n".join(lines))
    tables = (n for n in range(start, len(lines)) if begins[n] and lines[n].lstrip().startswith("["))
    end = next(tables, len(lines))
    while start < end < len(lines) and lines[end - 1].lstrip().startswith("#"):
        end -= 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return range(start, end)


@lru_cache(maxsize=4)
def _beginnings(text: str) -> list[bool]:
    """Return for each line whether it begins by itself, and not in the middle of an array or a text."""
    depth, begins = 0, [True]
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
        elif first in "]}":
            depth -= 1
        elif first == "\n":
            begins.append(depth <= 0)
        else:
            begins += [False] * token[0].count("\n")
    return begins


def _loaded(text: str) -> dict[str, Any] | None:

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _line_of(text: str, profile: str | None, key: str) -> int | None:
    lines = text.split("\n")
    section = _section(lines, profile)
    if not key:
        return section.start if profile is not None and section.start <= len(lines) else None
    pattern = _assignment(key)
    searched = section if profile is not None else range(len(lines))
    return next((number + 1 for number in searched if pattern.match(lines[number])), None)


def _edited(text: str, profile: str | None, key: str, value: object) -> str:
    import tomli_w

    assignment = tomli_w.dumps({key: value}).rstrip("\n").split("\n")
    lines = text.removesuffix("\n").split("\n") if text else []
    section = _section(lines, profile)
    if section.start > len(lines):
        gap = [""] if lines else []
        header = tomli_w.dumps({"profiles": {profile: {}}}).strip().split("\n")[-1]
        return "\n".join([*lines, *gap, header, *assignment, ""])
    if held := _lines_of_value(lines, section, key):
        comment = _COMMENT.search(lines[held.start]) if len(held) == 1 else None
        assignment[-1] += comment[0].rstrip() if comment else ""
        lines[held.start : held.stop] = assignment
    else:
        lines[section.stop : section.stop] = assignment
    return "\n".join([*lines, ""])


def _lines_of_value(lines: list[str], section: range, key: str) -> range | None:
    """Return the lines that a key and its value take up. A value ends where the next line begins by itself."""
    pattern = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
    start = next((number for number in section if pattern.match(lines[number])), None)
    if start is None:
        return None
    begins = _beginnings("\n".join(lines))
    return range(start, next((n for n in range(start + 1, section.stop) if begins[n]), section.stop))


def _removed(text: str, profile: str | None, key: str) -> str:
    lines = text.split("\n")
    section = _section(lines, profile)
    held = _lines_of_value(lines, section, key) if section.start <= len(lines) else None
    rest = "\n".join([*lines[: held.start], *lines[held.stop :]]) if held else text
    return rest.lstrip("\n") if held and held.start == 0 else rest


def _without(text: str, profile: str) -> str:
    lines = text.split("\n")
    section = _section(lines, profile)
    if section.start > len(lines):
        return text
    rest = lines[section.stop :]
    return "\n".join(lines[: section.start - 1] + (rest[1:] if rest and not rest[0].strip() else rest))
