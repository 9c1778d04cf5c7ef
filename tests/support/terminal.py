"""A program at a pseudo-terminal, as a person uses it: keys go in, what the screen gets comes out."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from unittest.mock import patch

import pyte

from facesnap_cli.cli.context import App
from facesnap_cli.cli.main import main
from tests.conftest import Program, Result


@dataclass
class Terminal:
    """The near end of a terminal in which a program runs."""

    process_id: int
    descriptor: int
    shown: str = ""

    def send(self, keys: str) -> None:
        """Type something."""
        os.write(self.descriptor, keys.encode())

    def read_until(self, text: str, timeout_s: float = 15.0) -> str:
        """Return all that was shown since the last call, once `text` is in it. Raises AssertionError."""
        return self._read(timeout_s, text)

    def read_to_end(self, timeout_s: float = 60.0) -> tuple[int, str]:
        """Return the program's exit status and what it showed since the last call."""
        shown = self._read(timeout_s, None)
        return os.waitstatus_to_exitcode(os.waitpid(self.process_id, 0)[1]), shown

    def _read(self, timeout_s: float, text: str | None) -> str:
        deadline = time.monotonic() + timeout_s
        while text is None or text not in self.shown:
            left = deadline - time.monotonic()
            ready = select.select([self.descriptor], [], [], max(0.0, left))[0]
            assert ready, f"{text!r} was not shown in time, but: {self.shown!r}"
            try:
                chunk = os.read(self.descriptor, 65536)
            except OSError:  # what Linux answers when the program has closed its end
                chunk = b""
            if not chunk:
                assert text is None, f"the program ended without showing {text!r}, but: {self.shown!r}"
                break
            self.shown += chunk.decode(errors="replace")
        shown, self.shown = self.shown, ""
        return shown


@contextlib.contextmanager
def terminal(
    command: Sequence[str], environment: Mapping[str, str], *, columns: int = 100, rows: int = 30
) -> Iterator[Terminal]:
    """Run a command in a terminal of its own; it is killed at the end if it still runs."""
    process_id, descriptor = pty.fork()
    if process_id == 0:
        os.execvpe(command[0], list(command), dict(environment))
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    try:
        yield Terminal(process_id, descriptor)
    finally:
        os.close(descriptor)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(process_id, signal.SIGKILL)
            os.waitpid(process_id, 0)


class Screen(io.StringIO):
    """A stream that says it is a terminal, for a program in this process."""

    def isatty(self) -> bool:
        return True


def at_terminal(program: Program, *arguments: str, columns: int = 80, **environment: str) -> Result:
    """Run a command line in this process, with stdout and stderr at a terminal of so many columns."""
    return _run(program, arguments, Screen(), Screen(), columns, environment)


def on_one_screen(program: Program, *arguments: str, columns: int = 80) -> Result:
    """Run a command line as `at_terminal` does, with stdout and stderr in their order in `out`."""
    return _run(program, arguments, screen := Screen(), screen, columns, {})


def _run(
    program: Program, arguments: Sequence[str], out: Screen, err: Screen, columns: int, environment: Mapping[str, str]
) -> Result:
    terminal = {"TERM": "xterm-256color", "COLUMNS": str(columns), **environment}
    app = App(program.environment | terminal, program.clock)
    with patch.dict(os.environ, terminal), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(arguments, app)
    return Result(status, out.getvalue(), err.getvalue())


def column_of(text: str, shown: str, *, columns: int = 200) -> list[int]:
    """Return the columns of a real screen in which a text begins, line by line, wide characters taking two."""
    screen = pyte.Screen(columns, 50)
    pyte.Stream(screen).feed(shown.replace("\n", "\r\n"))
    lines = [[screen.buffer[row][column].data or "\0" for column in range(columns)] for row in range(50)]
    return [found for line in lines if (found := "".join(one[0] for one in line).find(text)) >= 0]
