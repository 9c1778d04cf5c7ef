"""The training at the end of an import: started once, waited for, and reported if its state does not change."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import LinkedClock, Program
from tests.support.archives import exported
from tests.support.service import posts

IMPORT = ("-p", "target", "-q", "-o", "json")
RUNNING = '{"status": "running", "lastActionDateTime": "2026-01-01T00:00:00Z"}'


@pytest.fixture
def archive(program: Program, emulator: RunningEmulator) -> Path:
    return exported(program, emulator, "PersonGroup", "employees")


def test_a_training_that_does_not_change_is_reported_once_and_ends_at_the_timeout(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    emulator.faults({"route": "GET /persongroups/*/training", "status": 200, "body": RUNNING})
    done = program.run("import", str(archive), *IMPORT, "--timeout", "2h")
    assert (done.status, done.out) == (8, "")
    warning, error = done.err.splitlines()
    assert warning.startswith("warning: the training of employees has not changed its state for 15m")
    assert "delete PersonGroup employees" in warning
    assert "still runs after 2h00m, unchanged for 1h" in json.loads(error)["error"]["message"]
    emulator.faults()
    again = program.run("import", str(archive), *IMPORT)
    assert (again.status, again.err, again.json["trainingStatus"]) == (0, "", "succeeded")
    assert posts(emulator, "/train") == 1


def test_a_stalled_training_that_goes_on_is_waited_for(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    emulator.faults({"route": "GET /persongroups/*/training", "status": 200, "body": RUNNING, "count": 60})
    done = program.run("import", str(archive), *IMPORT)
    assert (done.status, done.json["trainingStatus"]) == (0, "succeeded")
    assert "has not changed its state for" in done.err
    assert posts(emulator, "/train") == 1


def test_a_long_training_whose_state_changes_is_not_reported(tmp_path: Path, archive: Path) -> None:
    (tmp_path / "other").mkdir()
    with (
        running(EmulatorOptions(port=0, train_time=3 * 3600, service="retired")) as emulator,
        closing(Program(tmp_path / "other", LinkedClock(emulator), {"FACESNAP_API_VERSION": "v1.2"})) as program,
    ):
        program.configure(emulator.endpoint)
        done = program.run("import", str(archive), *IMPORT)
    assert (done.status, done.err, done.json["trainingStatus"]) == (0, "", "succeeded")
