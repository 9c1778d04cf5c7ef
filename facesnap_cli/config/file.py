"""Read and check the configuration file. Every complaint names the line."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from facesnap_cli.common.errors import ConfigurationError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.files import ReadFile, read_regular, replaceable_by_others
from facesnap_cli.common.patterns import pattern

if TYPE_CHECKING:
    from facesnap_cli.config.line_numbers import LineNumbers

_TOP_LEVEL = ("default_profile", "profiles")
_INLINE_KEYS = ("key", "key2")
MAX_BYTES = 256 * 1024
_MOST_PARTS = 64  # of a dotted key; reading takes the square of their number
# The possessive quantifiers keep the search linear: a long run of parts is tried once, from its beginning.
_LONG_KEY = pattern(rf"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){{{_MOST_PARTS}}}""")
_SYNTAX_PLACE = pattern(r"\(at (?:line (\d+), column \d+|end of document)\)")


class ConfigFile:
    """A parsed configuration file. A file that does not exist counts as empty. Never changed: an edit makes another."""

    def __init__(
        self,
        path: Path,
        exists: bool = False,
        text: str = "",
        data: Mapping[str, Any] | None = None,
        has_bom: bool = False,
    ):
        self.path = path
        self.exists = exists
        self.text = text
        self.data = data or {}
        self.has_bom = has_bom

    @classmethod
    def read(cls, path: Path, *, to_mend: bool = False) -> Self:
        """Read and check the file. Raises ConfigurationError, which names the line.

        With `to_mend`, the file may have unknown keys and profiles that are no tables: a change can remove them.
        """
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
        config = cls(path, True, *parsed_toml(path, file.content), file.content.startswith(BOM_UTF8))
        if not to_mend:
            config._check_structure()
        config._check_access(file)
        return config

    @cached_property
    def profiles(self) -> Mapping[str, Mapping[str, Any]]:
        """The profiles that are tables: all of them, unless the file is to be mended."""
        profiles = self.data.get("profiles", {})
        entries = profiles.items() if isinstance(profiles, dict) else ()
        return {name: entry for name, entry in entries if isinstance(entry, dict)}

    @property
    def default_profile(self) -> str | None:
        name = self.data.get("default_profile")
        return name if isinstance(name, str) else None

    def place(self, profile: str | None, key: str = "") -> str:
        """Return `path:line` of a profile's key, else of the profile; without a profile, of a top-level key."""
        keys = [key] if profile is None else ["profiles", profile, *([key] if key else [])]
        line = self.lines.line(*keys) or (self.lines.line(*keys[:2]) if profile is not None else None)
        return f"{self.path}:{line}" if line else str(self.path)

    @cached_property
    def lines(self) -> LineNumbers:
        """The lines of the file's tables and keys. Only complaints and changes need them."""
        from facesnap_cli.config.line_numbers import LineNumbers

        return LineNumbers(self.text)

    def check_directory(self) -> None:
        """Raise ConfigurationError if others could replace the file."""
        if directory := replaceable_by_others(self.path):
            raise ConfigurationError(
                f"others may write to {directory}, and could put another {self.path.name} there",
                hint=_command("chmod", "go-w", str(directory)),
            )

    def _check_structure(self) -> None:
        for key in self.data:
            if key not in _TOP_LEVEL:
                raise ConfigurationError(
                    f"{self.place(None, key)}: unknown key {harmless(key)[:80]!r}",
                    hint="profiles are tables: [profiles.NAME], with endpoint, a key source and defaults",
                )
        if not isinstance(self.data.get("default_profile", ""), str):
            raise ConfigurationError(f"{self.place(None, 'default_profile')}: default_profile must be a string")
        profiles = self.data.get("profiles", {})
        if not isinstance(profiles, dict) or len(self.profiles) < len(profiles):
            raise ConfigurationError(f"{self.place(None, 'profiles')}: every profile is a table, [profiles.NAME]")

    def _check_access(self, file: ReadFile) -> None:
        if file.is_foreign:
            raise foreign_file(self.path)
        if file.writable_by_others:
            raise ConfigurationError(
                f"{self.path} may be written by others, who could send your key elsewhere",
                hint=_command("chmod", "600", str(self.path)),
            )
        self.check_directory()
        if file.exposed and any(_holds_secret(profile) for profile in self.profiles.values()):
            raise ConfigurationError(
                f"{self.path} holds a key and others may read it", hint=_command("chmod", "600", str(self.path))
            )


def foreign_file(path: Path) -> ConfigurationError:
    """Return the error for a file that belongs to another user, who can change it at any time."""
    owning = _command("chown", str(os.geteuid()), str(path))
    return ConfigurationError(
        f"{path} belongs to another user, who could change what it makes facesnap do",
        hint=f"run facesnap as its owner, or, if what it says is right: {owning}",
    )


def _command(*words: str) -> str:
    import shlex

    return shlex.join(words)


def _holds_secret(profile: Mapping[str, Any]) -> bool:
    return any(key in profile for key in _INLINE_KEYS) or "@" in str(profile.get("proxy", ""))


def parsed_toml(path: Path, content: bytes) -> tuple[str, dict[str, Any]]:
    """Return a TOML file's text and data. Raises ConfigurationError, which names the line."""
    text = ""
    try:
        text = content.removeprefix(BOM_UTF8).decode()
        if long := _LONG_KEY.search(text):
            line = text.count("\n", 0, long.start()) + 1
            raise ConfigurationError(f"{path}:{line}: a key of more than {_MOST_PARTS} parts")
        import tomllib  # only if there is a file to read

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
        what = f"not TOML: {_SYNTAX_PLACE.sub('', str(error)).strip()}"
    line = (place and place[1]) or text.count("\n") + 1
    where = f"{path}:{line}" if isinstance(error, TOMLDecodeError) else str(path)
    return f"{where}: {harmless(what)[:200]}"
