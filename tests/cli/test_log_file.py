"""`--log-file`: every event with its time, whatever stderr shows, and never a reason for a command to end."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from facesnap_cli import __version__
from facesnap_cli.common.files import AppendedFile
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TAKE_IT, LinkedClock, Program
from tests.support.terminal import at_terminal
from tests.support.waiting import PATIENCE_S

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[\d+\] (.+)")
SUCCEEDED = r"take PersonGroup employees: succeeded after .+"


class MeddlingClock(LinkedClock):
    """A clock that does something when the program first sleeps."""

    def __init__(self, emulator: RunningEmulator, meddle: Callable[[], object]):
        super().__init__(emulator)
        self._meddle = [meddle]

    def sleep(self, seconds: float) -> None:
        if self._meddle:
            self._meddle.pop()()
        super().sleep(seconds)


def events(log: Path) -> list[str]:
    """Return what a log says, without the times. Every line must have one."""
    found = [LINE.fullmatch(line) for line in log.read_text().splitlines()]
    return [match[1] if match else "no event" for match in found]


@pytest.fixture
def log(program: Program) -> Path:
    return program.directory / "my.log"


def test_a_log_has_what_verbose_shows_even_if_stderr_is_quiet(program: Program, log: Path) -> None:
    done = program.run(*TAKE_IT, "-q", "--log-file", str(log))
    assert (done.status, done.err) == (0, "")
    lines = events(log)
    assert lines[0].startswith("facesnap take started")
    assert "1 take in 24 h is known here" in lines[1]
    assert re.fullmatch(SUCCEEDED, lines[-2])
    assert lines[-1] == "ended with exit status 0"
    if os.name == "posix":
        assert log.stat().st_mode & 0o777 == 0o600


def test_a_log_gets_lines_while_a_terminal_gets_bars(program: Program, log: Path) -> None:
    target = str(program.directory / "x.facesnap")
    done = at_terminal(
        program, "export", "-t", "PersonGroup", "-i", "employees", "--to", target, "--log-file", str(log)
    )
    assert "━" in done.err
    assert "export PersonGroup employees: reading user data of faces, 7 in all" in events(log)


def test_a_log_is_appended_to_and_keeps_its_mode(program: Program, log: Path) -> None:
    log.write_text("before\n")
    log.chmod(0o640)
    for _ in range(2):
        assert program.run("list", "--log-file", str(log)).status == 0
    assert events(log)[0] == "no event"
    assert events(log).count("ended with exit status 0") == 2
    assert log.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("form", ["table", "json"])
def test_an_error_is_one_line_of_the_log(program: Program, log: Path, form: str) -> None:
    done = program.run("show", "abcdef0", "-o", form, "--log-file", str(log))
    assert done.status == 5
    assert events(log)[1:] == [
        "error: there is no snapshot whose id begins with abcdef0; facesnap list shows those that this key may see",
        "ended with exit status 5",
    ]


def test_a_log_may_stand_before_the_command_and_in_a_home(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(program.directory))
    assert program.run("--log-file", "~/home.log", "config", "list").status == 0
    assert events(program.directory / "home.log")[-1] == "ended with exit status 0"


@pytest.mark.parametrize(
    "line",
    ["backups FILE", "schedule FILE", "run FILE --dry-run", "take --user-data @FILE", "config init --key-file FILE"],
)
def test_a_log_is_never_what_its_command_reads(program: Program, line: str) -> None:
    file = program.directory / "read.toml"
    file.write_text("jobs = 1\n")
    done = program.run(*line.replace("FILE", str(file)).split(), "--log-file", str(file))
    assert (done.status, file.read_text()) == (2, "jobs = 1\n")
    assert "which this command reads" in done.err


def test_a_log_does_not_hinder_the_mending_of_a_broken_file(program: Program, log: Path) -> None:
    program.write_config('default_profile = "gone"\n[profiles.x]\n')
    assert program.run("config", "use", "x", "--log-file", str(log)).status == 0
    assert program.run("config", "use", "x", "--log-file", str(program.directory / "config.toml")).status == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_ends_no_command_and_is_said_once(program: Program) -> None:
    done = program.run(*TAKE_IT, "-q", "--log-file", "/dev/full")
    assert done.status == 0
    assert done.err == "warning: --log-file /dev/full: No space left on device; the command goes on without it\n"


def test_a_vanished_directory_ends_no_command_and_is_said_once(program: Program, emulator: RunningEmulator) -> None:
    directory = program.directory / "logs"
    directory.mkdir()
    program.clock = MeddlingClock(emulator, lambda: directory.rename(program.directory / "elsewhere"))
    done = program.run(*TAKE_IT, "-q", "--log-file", str(directory / "my.log"))
    assert done.status == 0
    assert done.err.count("No such file or directory; the command goes on without it") == 1
    assert not directory.exists()


def test_a_log_that_was_rotated_goes_on_in_a_new_file(program: Program, emulator: RunningEmulator, log: Path) -> None:
    program.clock = MeddlingClock(emulator, lambda: log.rename(log.with_suffix(".1")))
    assert program.run(*TAKE_IT, "--log-file", str(log)).status == 0
    assert events(log.with_suffix(".1"))[0].startswith("facesnap take started")
    assert re.fullmatch(SUCCEEDED, events(log)[-2])


def test_a_log_says_how_many_lines_it_misses(
    program: Program, emulator: RunningEmulator, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = AppendedFile.write, []

    def full_at_first(file: AppendedFile, line: bytes) -> None:
        written.append(line)
        if len(written) < 3:
            raise OSError(28, "No space left on device")
        write(file, line)

    monkeypatch.setattr(AppendedFile, "write", full_at_first)
    assert program.run(*TAKE_IT, "--log-file", str(log)).status == 0
    assert events(log)[0] == "2 lines could not be written here"


def test_a_torn_line_stays_a_line_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, file = os.write, AppendedFile(tmp_path / "x.log", 0o600)
    file.write(b"whole\n")
    room = [2]

    def little_room(descriptor: int, content: bytes) -> int:
        if not room:
            raise OSError(28, "No space left on device")
        return write(descriptor, content[: room.pop()])

    with monkeypatch.context() as patch:
        patch.setattr("os.write", little_room)
        with pytest.raises(OSError, match="No space"):
            file.write(b"torn\n")
    file.write(b"next\n")
    file.close()
    assert (tmp_path / "x.log").read_text().splitlines() == ["whole", "to", "next"]


@pytest.mark.skipif(os.name != "posix", reason="such files are POSIX's")
def test_a_pipe_gets_all_lines_of_one_command(program: Program, log: Path) -> None:
    os.mkfifo(log)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    assert program.run("list", "--log-file", str(log)).status == 0
    assert os.read(reader, 65536).decode().rstrip().endswith("ended with exit status 0")
    os.close(reader)


@pytest.mark.skipif(os.name != "posix", reason="such files are POSIX's")
def test_a_pipe_without_a_reader_is_given_up(program: Program, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(log)
    write, attempts = AppendedFile.write, []

    def impatient(file: AppendedFile, line: bytes) -> None:
        attempts.append(line)
        write(file, line, timeout_s=0.01)

    monkeypatch.setattr(AppendedFile, "write", impatient)
    done = program.run(*TAKE_IT, "-q", "--log-file", str(log))
    assert (done.status, len(attempts)) == (0, 1)
    assert done.err == f"warning: --log-file {log}: nobody reads this pipe; the command goes on without it\n"


@pytest.mark.skipif(os.name != "posix", reason="a process is interrupted by a signal")
def test_the_end_of_an_interrupted_command_is_in_the_log(program: Program, log: Path) -> None:
    process = program.start("emulator", "start", "--port", "0", "--log-file", str(log))
    assert process.stdout
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert events(log) == [f"facesnap emulator start started (version {__version__})", "ended with exit status 0"]
