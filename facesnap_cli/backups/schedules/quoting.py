"""Quote values for the files that schedulers read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless, storable


def crontab_command(words: Iterable[str], variables: Iterable[tuple[str, str]]) -> str:
    """Return a shell command with its environment variables for a line of a crontab. Raises UsageError."""
    assignments = [f"{name}={shlex.quote(_unicode(value, 'a crontab'))}" for name, value in variables]
    line = " ".join([*assignments, shlex.join(_unicode(word, "a crontab") for word in words)])
    if "\n" in line:
        raise UsageError("a crontab cannot name a path with a line break in it")
    # Cron turns an unescaped % into a line break, inside quotes too.
    return line.replace("%", r"\%")


def systemd_command(words: Iterable[str]) -> str:
    """Return a command for `ExecStart=`, which no shell reads."""
    return " ".join(map(_systemd_word, words))


def systemd_variable(name: str, value: str) -> str:
    """Return a variable with its value for `Environment=`."""
    return f'"{_systemd_escaped(f"{name}={value}")}"'


def systemd_text(text: str) -> str:
    """Return a text for a setting of a unit in which % begins a specifier."""
    return text.replace("%", "%%")


def xml_text(text: str) -> str:
    """Return a text for an element of XML. Raises UsageError for control characters, which XML does not have."""
    if any(ord(char) < 32 for char in text):
        raise UsageError(f"a property list cannot name a path with control characters: {harmless(text)}")
    return _unicode(text, "a property list").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def yaml_string(text: str) -> str:
    """Return a string in double quotes for YAML, of which JSON is a subset."""
    return json.dumps(text)


def yaml_entry(name: str, value: str) -> str:
    """Return an environment variable as an entry of a YAML mapping."""
    return f"{name}: {yaml_string(value)}"


def plain_word(name: str) -> str:
    """Return a file name that shells and YAML read alike without quotes. Raises UsageError if it is not one."""
    if not all(char.isalnum() or char in "._-" for char in name):
        raise UsageError(f"the plan's name {harmless(name)!r} has characters that pipelines stumble over")
    return name


def _systemd_word(word: str) -> str:
    escaped = _systemd_escaped(word).replace("$", "$$")
    return f'"{escaped}"' if escaped != word or any(char in word for char in " '\t;") else word


def _systemd_escaped(text: str) -> str:
    """Return a text for double quotes in a unit."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return systemd_text(_unicode(escaped, "a systemd unit"))


def _unicode(text: str, file: str) -> str:
    """Return a text for a file that a scheduler reads. Raises UsageError if it is not Unicode, such as some paths."""
    if storable(text) == text:
        return text
    raise UsageError(
        f"{file} cannot name a path that is not valid UTF-8: {harmless(text)}",
        hint="rename what it names; --for prints the files of other schedulers alone",
    )
