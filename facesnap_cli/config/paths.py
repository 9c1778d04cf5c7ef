"""Expand the paths that users give, and check every file that a command will write before it sends a request."""

from __future__ import annotations

import contextlib
import enum
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from facesnap_cli.common.errors import ConfigurationError, FacesnapError, UsageError
from facesnap_cli.common.escape import shown
from facesnap_cli.common.hints import Hint

_TEXT_SAMPLE_BYTES = 512
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


def check_outputs(outputs: Sequence[OutputPath], inputs: Sequence[InputPath], state_directory: Path | None) -> None:
    """Raise an error with everything that is wrong with the outputs of a command.

    An output is never an input of the same command, another output, or in the state directory, also through links. It
    replaces only regular files, and a text replaces only texts. Raises ConfigurationError if a file names a wrong
    output, else UsageError.
    """
    complaints = [
        (output, complaint)
        for number, output in enumerate(outputs)
        if (complaint := _complaint(outputs, number, inputs, state_directory))
    ]
    if not complaints:
        return
    kind: type[FacesnapError] = ConfigurationError if any(output.in_file for output, _ in complaints) else UsageError
    first, *also = [Hint(f"{output.label}: {complaint}") for output, complaint in complaints]
    raise kind(str(first), also=also)


def _complaint(
    outputs: Sequence[OutputPath], number: int, inputs: Sequence[InputPath], state_directory: Path | None
) -> str:
    """Return what is wrong with one output; empty if nothing is."""
    output = outputs[number]
    try:
        return next(_complaints(output, outputs[:number], inputs, state_directory), "")
    except OSError as error:
        return "" if output.is_left_to_item else error.strerror or str(error)


def _complaints(
    output: OutputPath, earlier: Sequence[OutputPath], inputs: Sequence[InputPath], state_directory: Path | None
) -> Iterator[str]:
    places = [_Place.of(path) for path in output.places]
    for given in inputs:
        if _Place.of(given.path) in places:
            yield f"it is {given.description}"
    for other in earlier:
        if any(_Place.of(path) in places for path in other.places):
            yield f"it is the file of {other.label}, too"
    if state_directory and _is_in(output.path, state_directory):
        yield f"it is in the state directory {state_directory}, which facesnap keeps for itself"
    status = _status(output.path)
    if status is not None and not output.is_left_to_item:
        yield from _complaints_about_existing(output, status.st_mode)
    if output.is_required and (complaint := _not_writable(output, status)):
        yield complaint


def _complaints_about_existing(output: OutputPath, mode: int) -> Iterator[str]:
    from facesnap_cli.common.files import is_descriptor

    if stat.S_ISDIR(mode):
        yield "it is a directory; name a file in it"
    elif output.writing is Writing.APPENDED and (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
        return
    elif not stat.S_ISREG(mode) or (output.writing is not Writing.APPENDED and is_descriptor(output.path)):
        yield "it is not a regular file"
    elif output.writing is not Writing.ARCHIVE and _is_binary(output.path):
        yield "it is not a text file, such as an archive or an image; it would be lost"


def _not_writable(output: OutputPath, status: os.stat_result | None) -> str:
    """Return why an output cannot be written; empty if it can."""
    parent = output.path.parent
    if not parent.is_dir():
        return f"there is no directory {parent}"
    if output.writing is Writing.APPENDED and status is not None:
        return "" if os.access(output.path, os.W_OK) else "it may not be written"
    if not os.access(parent, os.W_OK | os.X_OK):
        reason = "is read-only" if _is_read_only(parent) else "may not be written"
        return f"the directory {parent} {reason}"
    return ""


def _is_read_only(directory: Path) -> bool:
    return os.name == "posix" and bool(os.statvfs(directory).f_flag & os.ST_RDONLY)


def _status(path: Path) -> os.stat_result | None:
    """Return the status of what a path leads to; None if there is nothing."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_binary(path: Path) -> bool:
    from facesnap_cli.common.files import open_regular

    try:
        with open_regular(path) as file:
            return b"\0" in file.read(_TEXT_SAMPLE_BYTES)
    except PermissionError:
        return False


class _Place(NamedTuple):
    """A file, by the device and number that the system knows it by, or the place where it would be made."""

    device: int
    number: int
    name: str = ""

    @classmethod
    def of(cls, path: Path) -> _Place:
        """Return the place that a path leads to, through links."""
        real = os.path.realpath(path)
        for place, name in ((real, ""), (os.path.dirname(real), os.path.basename(real))):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                status = os.stat(place)
                return cls(status.st_dev, status.st_ino, name)
        return cls(0, 0, real)  # in a directory that does not exist either


def _is_in(path: Path, directory: Path) -> bool:
    """Return whether a path leads into a directory, which may not exist yet."""
    place = _Place.of(directory)
    return any(_Place.of(parent) == place for parent in Path(os.path.realpath(path)).parents)
