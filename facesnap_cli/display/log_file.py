"""Append events to the file of `--log-file`: what stderr shows at `-v`, a line each, with its time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import reason_of
from facesnap_cli.common.escape import counted, harmless
from facesnap_cli.common.files import AppendedFile


class LogFile:
    """A file, pipe or device. Safe for several threads.

    An event that cannot be written never ends the command: `warn` is called once, and the next line that can be
    written says how many are missing. A pipe or device that fails once gets no more events.
    """

    def __init__(self, path: Path, clock: Clock, warn: Callable[[str], None]):
        self._path = path
        self._clock = clock
        self._warn = warn
        self._file = AppendedFile(path, 0o600)
        self._lock = threading.Lock()
        self._missing = 0
        self._has_failed = False
        self._is_given_up = False

    def write(self, text: str) -> None:
        """Append an event."""
        with self._lock:
            if self._is_given_up:
                return
            try:
                if self._missing:
                    self._append(f"{counted(self._missing, 'line')} could not be written here")
                    self._missing = 0
                self._append(text)
                return
            except OSError as error:
                self._missing += 1
                self._is_given_up = self._file.is_special
                has_failed, self._has_failed = self._has_failed, True
                reason = reason_of(error)
        if not has_failed:
            self._warn(f"--log-file {self._path}: {reason}; the command goes on without it")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def _append(self, text: str) -> None:
        time = self._clock.now().astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        self._file.write(f"{time}Z [{os.getpid()}] {harmless(text)}\n".encode("utf-8", "backslashreplace"))
