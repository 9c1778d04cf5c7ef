"""`kill -9` at every step of a take and an apply: afterwards one POST, and one right result."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import TAKE_IT, LinkedClock, Program, take_employees
from tests.support.families import slow
from tests.support.gate import Gate
from tests.support.service import make_groups, post_calls, posts
from tests.support.waiting import PATIENCE_S, until

TAKE = "POST /face/v1.0/snapshots "
APPLY = "POST /face/v1.0/snapshots/"
POLL = "GET /face/v1.0/operations/"


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def journal_file(program: Program) -> Path:
    return program.directory / "state" / "journal.db"


def states(program: Program) -> list[str]:
    """Return the states in the journal; none while it is being made."""
    if not journal_file(program).exists():
        return []
    with closing(sqlite3.connect(journal_file(program))) as database:
        made = database.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'operations'").fetchone()[0]
        return [state for (state,) in database.execute("SELECT state FROM operations")] if made else []


def test_a_take_killed_before_its_request_arrived_stays_unknown_and_is_not_sent_again(
    operator: Program, gated: Gate, emulator: RunningEmulator
) -> None:
    gated.stop_request = TAKE
    process = operator.start(*TAKE_IT)
    assert gated.stopped.wait(PATIENCE_S)
    kill(process)
    gated.open()
    waited = operator.run("wait", "-o", "json")
    assert waited.status == 10
    assert "not known whether" in waited.err
    assert operator.run(*TAKE_IT).status == 10
    assert posts(emulator, "/snapshots") == 0


def test_a_take_killed_before_its_answer_is_adopted(operator: Program, gated: Gate, emulator: RunningEmulator) -> None:
    gated.stop_answer = TAKE
    process = operator.start(*TAKE_IT)
    assert gated.stopped.wait(PATIENCE_S)
    kill(process)
    gated.open()
    emulator.advance(10)
    waited = operator.run("wait", "-o", "json")
    assert (waited.status, waited.json[0]["status"]) == (0, "succeeded")
    assert operator.run("show", waited.json[0]["snapshotId"]).status == 0
    assert posts(emulator, "/snapshots") == 1


@pytest.mark.parametrize("answer", [TAKE, POLL], ids=["its operation id", "a status"])
def test_a_take_killed_while_it_writes_an_answer_down_is_found_again(
    operator: Program, gated: Gate, emulator: RunningEmulator, answer: str
) -> None:
    gated.stop_answer = answer
    process = operator.start(*TAKE_IT)
    assert gated.stopped.wait(PATIENCE_S)
    with closing(sqlite3.connect(journal_file(operator), isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        gated.release()
        time.sleep(0.3)  # the answer arrives, and its commit waits for the lock
        kill(process)
    assert states(operator) == (["intended"] if answer == TAKE else ["submitted"])
    emulator.advance(10)
    waited = operator.run("wait", "-o", "json", "-q")
    assert (waited.status, waited.json[0]["status"]) == (0, "succeeded")
    assert posts(emulator, "/snapshots") == 1


def test_a_take_killed_between_polls_is_waited_for(operator: Program, emulator: RunningEmulator) -> None:
    process = operator.start(*TAKE_IT, "--poll-interval", "0.1")
    until(lambda: "running" in states(operator), "a poll")
    kill(process)
    emulator.advance(10)
    waited = operator.run("wait", "-o", "id")
    assert (waited.status, posts(emulator, "/snapshots")) == (0, 1)


def test_an_apply_killed_before_its_request_arrived_stays_unknown(
    operator: Program, gated: Gate, emulator: RunningEmulator
) -> None:
    snapshot = take_employees(operator)
    gated.stop_request = APPLY
    process = operator.start("apply", snapshot, "-p", "target", "-i", "copy")
    assert gated.stopped.wait(PATIENCE_S)
    kill(process)
    gated.open()
    assert operator.run("wait").status == 10
    assert posts(emulator, "/apply") == 0


@pytest.mark.parametrize("stop", ["answer", "poll"])
def test_an_apply_killed_later_is_found_by_its_target(
    operator: Program, gated: Gate, emulator: RunningEmulator, stop: str
) -> None:
    snapshot = take_employees(operator)
    gated.stop_answer = APPLY if stop == "answer" else POLL
    process = operator.start("apply", snapshot, "-p", "target", "-i", "copy")
    assert gated.stopped.wait(PATIENCE_S)
    kill(process)
    gated.open()
    emulator.advance(10)
    waited = operator.run("wait", "-o", "json")
    assert (waited.status, waited.json[0]["status"]) == (0, "succeeded")
    assert waited.json[0]["resourceLocation"] == "/persongroup/copy"
    assert posts(emulator, "/apply") == 1


def answered(emulator: RunningEmulator) -> int:
    """Return the number of takes that the service has accepted: a killed client's body may never arrive."""
    return sum(call["status"] == 202 for call in post_calls(emulator, "/snapshots"))


@slow
def test_forty_takes_killed_give_forty_results_for_forty_posts(tmp_path: Path) -> None:
    with (
        running(EmulatorOptions(port=0, take_time=30)) as emulator,
        closing(Program(tmp_path, LinkedClock(emulator))) as program,
    ):
        program.configure(emulator.endpoint)
        make_groups(emulator, 40)
        processes = []
        for number in range(40):
            processes.append(program.start("take", "-t", "PersonGroup", "-i", f"group-{number}", "-q"))
            if number % 8 == 7:
                until(lambda: answered(emulator) == len(processes), "the takes")
        for process in processes:
            kill(process)
        emulator.advance(60)
        waited = program.run("wait", "-o", "json", "-q")
        assert waited.status == 0
        assert len({one["snapshotId"] for one in waited.json}) == 40
        assert {one["objectId"] for one in waited.json} == {f"group-{number}" for number in range(40)}
        assert posts(emulator, "/snapshots") == 40


def test_what_killed_processes_leave_is_swept(program: Program, emulator: RunningEmulator) -> None:
    process = program.start(*TAKE_IT, "--poll-interval", "0.2")
    until(lambda: emulator.requests()["counts"].get("GET /operations/{operationId}"), "a poll")
    process.kill()
    process.communicate()
    owners = program.directory / "state" / "owners"
    assert len(list(owners.iterdir())) == 1
    emulator.advance(10)
    assert program.run("wait", "-q").status == 0
    assert list(owners.iterdir()) == []
