"""Check every file that a command will write before it sends a request."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from facesnap_cli.common.errors import ConfigurationError, FacesnapError, UsageError, reason_of
from facesnap_cli.common.files import is_descriptor, open_regular
from facesnap_cli.common.hints import Hint
from facesnap_cli.config.paths import InputPath, OutputPath, Writing

_TEXT_SAMPLE_BYTES = 512


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
        return "" if output.is_left_to_item else reason_of(error)


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
