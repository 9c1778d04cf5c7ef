"""Expand the paths that users give, and describe the files that a command reads and writes."""

from __future__ import annotations

import enum
import os
from pathlib import Path
from typing import NamedTuple

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import shown

# SQLite and an unfinished export keep these beside an archive.
_BESIDE_ARCHIVES = (".partial", ".partial-wal", ".partial-shm", ".partial-journal")


def user_path(text: str) -> Path:
    """Return the path that a text means, with `~` and `~user` expanded. Raises UsageError if it cannot be one."""
    try:
        return Path(without_nul(text)).expanduser()
    except RuntimeError:  # no such user, or no home
        raise UsageError(f"{shown(text)}: this home directory is not known") from None


def without_nul(text: str) -> str:
    """Return a path as it is written. Raises UsageError if it holds a NUL character, as no path can."""
    if "\0" in text:
        raise UsageError(f"{shown(text)} cannot be a path: it holds a NUL character")
    return text


class Writing(enum.Enum):
    """The ways in which a file is written."""

    TEXT = "text"  # replaces a text file
    ARCHIVE = "archive"  # replaces an archive, if the export may
    APPENDED = "appended"  # is added to a text file, a pipe or a device


class InputPath(NamedTuple):
    """A file that a command reads, and the description of it that a message gives."""

    path: Path
    description: str


class OutputPath(NamedTuple):
    """A file that a command writes.

    `label` begins a message about it. With `is_required`, the command must be able to write it. `in_file`: a file, not
    an option, names it.
    """

    path: Path
    label: str
    writing: Writing
    is_required: bool = True
    in_file: bool = False

    @property
    def is_left_to_item(self) -> bool:
        """Whether what is at the path fails one item of a plan alone, when its turn comes."""
        return self.writing is Writing.ARCHIVE and not self.is_required

    @property
    def places(self) -> list[Path]:
        """The paths that writing it uses: its own, and those of files beside it."""
        beside = _BESIDE_ARCHIVES if self.writing is Writing.ARCHIVE else ()
        return [self.path, *(self.path.with_name(self.path.name + suffix) for suffix in beside)]


def output_path(
    text: str,
    label: str,
    writing: Writing,
    *,
    base: Path | None = None,
    is_required: bool = True,
    in_file: bool = False,
) -> OutputPath:
    """Return the file that a text names for output; it starts at `base`. Raises UsageError if it cannot name a file."""
    if text == "-":
        raise UsageError("facesnap does not write it to stdout; name a file (./- for one of this name)")
    if text.endswith(("/", os.sep)):
        raise UsageError(f"{shown(text)} names a directory; name a file in it")
    path = (base or Path.cwd()) / user_path(text)
    return OutputPath(path, label, writing, is_required=is_required, in_file=in_file)
