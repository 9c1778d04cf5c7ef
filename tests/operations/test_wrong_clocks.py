"""Test that ages and expiry of snapshots are right on a machine whose clock is wrong."""

from __future__ import annotations

import re

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TAKE_IT, Program, take_employees
from tests.support.service import posts

DAY_S = 86400.0
WRONG_BY_DAYS = pytest.mark.parametrize("days", [-5, 5], ids=["behind", "ahead"])
WARNING = "warning: this machine's clock is 5d00h"


@WRONG_BY_DAYS
def test_a_take_reuses_a_young_snapshot_alone(program: Program, emulator: RunningEmulator, days: float) -> None:
    program.clock.shift(days * DAY_S)
    first = take_employees(program)
    assert take_employees(program, "--max-age", "20h") == first
    said = program.run(*TAKE_IT, "--max-age", "20h")
    assert re.search(r"taken [0-9]s ago is young enough", said.err)
    assert said.err.count(WARNING) == 1
    program.clock.sleep(21 * 3600)
    assert take_employees(program, "--max-age", "20h") != first
    assert posts(emulator, "/snapshots") == 2


@WRONG_BY_DAYS
def test_an_apply_counts_its_snapshot_by_the_services_clock(program: Program, days: float) -> None:
    snapshot = take_employees(program)
    program.clock.shift(days * DAY_S)
    applied = program.run("apply", snapshot, "-p", "target", "-i", "copy")
    assert (applied.status, applied.err.count(WARNING)) == (0, 1), applied
    assert re.search(r"taken [0-9]s ago", applied.err)


@WRONG_BY_DAYS
def test_list_and_show_tell_the_time_that_is_left(program: Program, days: float) -> None:
    snapshot = take_employees(program)
    program.clock.shift(days * DAY_S)
    assert 47 * 3600 < program.run("show", snapshot, "-o", "json").json["secondsLeft"] <= 48 * 3600
    assert len(program.run("list", "--expires-within", "49h", "-o", "json").json) == 1
    assert program.run("list", "--expires-within", "47h", "-o", "json").json == []
    program.clock.sleep(40 * 3600)
    assert len(program.run("list", "--expires-within", "9h", "-o", "json").json) == 1


@WRONG_BY_DAYS
def test_the_time_that_an_operation_of_another_machine_runs_is_right(
    program: Program, emulator: RunningEmulator, days: float
) -> None:
    emulator.faults({"route": "GET /operations/*", "status": 503})
    operation = program.run(*TAKE_IT, "--no-wait", "-q", "-o", "id").out.strip()
    emulator.faults()
    program.clock.sleep(300)
    program.clock.shift(days * DAY_S)
    elsewhere = {"FACESNAP_STATE_DIR": str(program.directory / "another")}
    [seen] = program.run("status", operation, "-o", "json", **elsewhere).json
    assert 0 <= seen["elapsedSeconds"] < 310


def test_a_clock_that_is_right_is_not_mentioned(program: Program) -> None:
    take_employees(program)
    assert "clock" not in program.run("list").err
