"""Closed, full or abandoned standard streams change no outcome."""

from __future__ import annotations

import subprocess
import sys

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TAKE_IT, Program
from tests.support.families import first_quick
from tests.support.service import posts
from tests.support.waiting import PATIENCE_S

HARMLESS = ("2>&-", "<&-", "2>/dev/full", "2> >(true)")


@pytest.mark.parametrize(
    ("redirection", "status"),
    first_quick([(">&-", 1), (">&- 2>&-", 1), ("<&- >&- 2>&-", 1), *((each, 0) for each in HARMLESS)]),
)
def test_streams_that_are_closed_or_gone_change_nothing_but_the_status_of_a_lost_result(
    program: Program, emulator: RunningEmulator, redirection: str, status: int
) -> None:
    command = f"{sys.executable} -m facesnap_cli {' '.join(TAKE_IT)} --poll-interval 0.2 {redirection}"
    done = subprocess.run(
        ["bash", "-c", command], env=program._process_environment(), capture_output=True, timeout=PATIENCE_S
    )
    assert done.returncode == status
    assert b"Traceback" not in done.stderr
    assert posts(emulator, "/snapshots") == 1


@pytest.mark.parametrize("command", first_quick(["--version", "list --help", "help", "config list", "completion bash"]))
@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_a_result_that_cannot_be_printed_is_exit_1(program: Program, command: str, redirection: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m facesnap_cli {command} {redirection}"],
        env=program._process_environment(),
        capture_output=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    assert b"stdout is closed" in done.stderr or b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_prompt_without_stdin_is_refused(program: Program) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m facesnap_cli config delete target <&-"],
        env=program._process_environment(),
        capture_output=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2
    assert b"--yes does it" in done.stderr


def test_a_reader_that_went_away_is_exit_141(program: Program) -> None:
    command = f"{sys.executable} -m facesnap_cli config show | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], env=program._process_environment(), capture_output=True, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stderr) == (141, b"")
