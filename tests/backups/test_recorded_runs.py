"""`backups --runs`: every run of a plan, and why it failed."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.backups.conftest import Estate, item
from tests.conftest import Result
from tests.support.archives import change
from tests.support.waiting import PATIENCE_S, until


def runs(estate: Estate) -> list[dict[str, Any]]:
    result: Result = estate.run("backups", "--runs", "-o", "json")
    assert result.status == 0
    return list(result.json)


def test_a_success_and_a_failure_are_listed_with_the_cause(estate: Estate) -> None:
    plan = estate.plan(*(item(f"group-0{number}", "dr:{name}-{date}", "eu:{name}-{date}") for number in range(2)))
    estate.emulator.faults({"route": "GET /*", "account": "dr", "status": 401, "code": "Unauthorized"})
    assert estate.run("run", plan, "-q").status == 11
    estate.emulator.faults()
    assert estate.run("run", plan, "-q").status == 0
    done, failed = runs(estate)
    assert (done["result"], done["exitCode"], done["items"], done["causes"]) == ("done", 0, 2, [])
    assert (failed["result"], failed["exitCode"], failed["itemsFailed"]) == ("failed", 11, 2)
    [cause] = failed["causes"]
    assert (cause["profile"], cause["targets"]) == ("dr", 2)
    assert cause["command"].endswith("--profile dr")
    table = estate.run("backups", "--runs").out
    assert "failed (11)" in table
    assert ", 2 targets" in table


def test_a_run_that_could_not_start_is_recorded(estate: Estate) -> None:
    plan = estate.plan("name = 1")
    assert estate.run("run", plan, "-q").status == 13
    [run] = runs(estate)
    assert (run["result"], run["exitCode"], run["items"]) == ("notStarted", 13, None)
    assert "could not start (13)" in estate.run("backups", "--runs", plan).out
    [cause] = run["causes"]
    assert cause["message"].endswith("(and 3 more)")


@pytest.mark.parametrize(
    ("number", "result", "status"), [(signal.SIGKILL, "killed", None), (signal.SIGTERM, "interrupted", 143)]
)
def test_a_kill_and_an_interruption_are_recorded(
    estate: Estate, number: signal.Signals, result: str, status: int | None
) -> None:
    estate.emulator.faults({"route": "POST /snapshots", "account": "prod", "delay": 600})
    plan = estate.plan(item("group-00", "dr:{name}-{date}"))
    process = estate.program.start("run", plan, "-q")
    until(lambda: any(run["result"] == "running" for run in runs(estate)), "the run begins")
    process.send_signal(number)
    process.communicate(timeout=PATIENCE_S)
    [run] = runs(estate)
    assert (run["result"], run["exitCode"]) == (result, status)


def test_runs_are_forgotten_after_a_year(estate: Estate) -> None:
    plan = estate.plan("name = 1")
    assert estate.run("run", plan, "-q").status == 13
    journal = estate.program.directory / "state" / "journal.db"
    change(journal, "UPDATE runs SET started_time = '2020-01-01T00:00:00Z'")
    assert estate.run("run", plan, "-q").status == 13
    assert len(runs(estate)) == 1
