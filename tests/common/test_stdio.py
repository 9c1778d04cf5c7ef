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


@pytest.mark.parametrize("redirection", first_quick([">&-", "2>&-", "<&-", "2>/dev/full", "2> >(true)"]))
def test_streams_that_are_closed_or_gone_change_no_outcome(
    program: Program, emulator: RunningEmulator, redirection: str
) -> None:
    command = f"{sys.executable} -m facesnap_cli {' '.join(TAKE_IT)} --poll-interval 0.2 {redirection}"
    done = subprocess.run(
        ["bash", "-c", command], env=program._process_environment(), capture_output=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert posts(emulator, "/snapshots") == 1


def test_a_reader_that_went_away_is_exit_141(program: Program) -> None:
    command = f"{sys.executable} -m facesnap_cli config show | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], env=program._process_environment(), capture_output=True, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stderr) == (141, b"")
