"""Make the standard streams safe for a program that cron, a daemon or a pipe starts. Imported at start-up."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import IO, Any

NARROWEST = 20


class Unbreakable:
    """A stream whose writes never raise: a message that stderr refuses must not end the running work."""

    def __init__(self, stream: Any):
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return int(self._stream.write(text))
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class ClosedOutput(io.TextIOBase):
    """A stdout that was closed before the program began: a result that cannot be printed must not look printed."""

    encoding = "utf-8"

    def __init__(self, in_its_place: IO[Any]):
        self._in_its_place = in_its_place

    def write(self, text: str) -> int:
        raise OSError(errno.EBADF, "stdout is closed")


def prepare_streams() -> None:
    """Replace closed streams, and escape characters that the locale cannot encode."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream: Any = getattr(sys, name)
        if stream is None:
            # It takes the closed file's number, which the next file to be opened would take.
            stream = open(os.devnull, mode)  # noqa: SIM115 - for as long as the process lives
            setattr(sys, name, ClosedOutput(stream) if name == "stdout" else stream)
        elif name != "stdin" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.stderr = Unbreakable(sys.stderr)
    width = os.environ.get("COLUMNS", "")
    if width.isdecimal() and len(width) < 9 and int(width) < NARROWEST:
        del os.environ["COLUMNS"]  # nothing fits such a width; some shells set 0
