"""The night when everything goes wrong: twenty groups to two targets, faults, `kill -9`, and the run after it."""

from __future__ import annotations

import sqlite3
import subprocess
from collections import Counter
from contextlib import closing

import pytest

from tests.backups.conftest import GROUPS, Estate, item
from tests.support.families import first_quick
from tests.support.waiting import PATIENCE_S, until

NAMES = [f"group-{number:02}" for number in range(GROUPS)]
WEATHER: tuple[dict[str, object], ...] = (
    {"route": "POST /snapshots", "status": 429, "retryAfter": 1, "count": 1},
    {"route": "POST /snapshots", "drop": "after", "skip": 2, "count": 1},
    {"route": "POST /snapshots", "fail": "the source was trained", "skip": 4, "count": 1},
    {"route": "POST /snapshots/*/apply", "status": 429, "retryAfter": 1, "count": 1},
    {"route": "POST /snapshots/*/apply", "drop": "after", "skip": 3, "count": 1},
    {"route": "GET /operations/*", "status": 503, "share": 0.05, "seed": 1},
    {"route": "GET /operations/*", "status": 429, "retryAfter": 1, "share": 0.05, "seed": 2},
    {"route": "GET /persongroups/*", "drop": "before", "share": 0.03, "seed": 3},
    {"route": "GET /snapshots/*", "status": 503, "share": 0.1, "seed": 4},
)


@pytest.mark.parametrize("applies_before_the_kill", first_quick([10, 0]))
def test_after_faults_and_a_kill_the_next_run_has_all_that_can_be_had_for_one_take_a_group(
    estate: Estate, applies_before_the_kill: int
) -> None:
    plan = plan_of_all(estate)
    process = estate.program.start("run", plan, "--jobs", "8", "--quiet")
    until(lambda: estate.takes() >= 6 and estate.applies() >= applies_before_the_kill, "some takes and applies")
    kill_between_requests(estate, process)

    summary = estate.program.directory / "summary.md"
    after = estate.run("run", plan, "--jobs", "8", "--quiet", "-o", "json", "--summary", str(summary))

    assert after.status == 11
    assert "1 of 20 items did not succeed" in after.err
    failed = [one for one in after.json if one["status"] == "failed"]
    assert [(one["item"], one["profile"], one["exitCode"]) for one in failed] == [("group-07", "eu", 6)]
    assert len(after.json) == 2 * GROUPS
    assert len(estate.groups("dr")) == len(estate.groups("eu")) == GROUPS
    assert succeeded_takes(estate) == Counter(NAMES)
    assert estate.takes() == GROUPS + 1, "one for each group, and the one that failed"
    assert f"| failed | eu:group-07-{estate.program.clock.now():%Y-%m-%d} |" in summary.read_text()
    assert "1 of 20 items failed; exit status 11" in summary.read_text()


@pytest.mark.parametrize("requests_before_the_kill", first_quick([80, 45, 150]))
def test_a_kill_at_any_moment_pays_for_nothing_twice(estate: Estate, requests_before_the_kill: int) -> None:
    plan = plan_of_all(estate)
    process = estate.program.start("run", plan, "--jobs", "8", "--quiet")
    until(lambda: estate.emulator.requests()["total"] >= requests_before_the_kill, "so many requests")
    process.kill()
    process.communicate()

    estate.run("run", plan, "--jobs", "8", "--quiet")
    estate.set_day(13 * 3600)  # what was never sent is known as such by then
    after = estate.run("run", plan, "--jobs", "8", "--quiet", "-o", "json")

    failed = [one for one in after.json if one["status"] == "failed"]
    assert [(one["item"], one["profile"], one["exitCode"]) for one in failed] == [("group-07", "eu", 6)]
    assert succeeded_takes(estate) == Counter(NAMES)
    assert len(estate.groups("dr")) == len(estate.groups("eu")) == GROUPS


def plan_of_all(estate: Estate) -> str:
    """Write the plan, let the weather in, and put an object where a copy is to go."""
    estate.make("eu", f"group-07-{estate.program.clock.now():%Y-%m-%d}")
    estate.emulator.faults(*WEATHER)
    return estate.plan(*(item(name, f"dr:{name}-{{date}}", f"eu:{name}-{{date}}") for name in NAMES))


def succeeded_takes(estate: Estate) -> Counter[str]:
    journal = estate.run("status", "--all", "-o", "json").json
    return Counter(one["objectId"] for one in journal if one["kind"] == "take" and one["status"] == "succeeded")


def kill_between_requests(estate: Estate, process: subprocess.Popen[str]) -> None:
    """Kill when no request is under way of which nobody could know whether it arrived."""

    def killed_at_rest() -> bool:
        path = estate.program.directory / "state" / "journal.db"
        with closing(sqlite3.connect(path, isolation_level=None, timeout=PATIENCE_S)) as journal:
            journal.execute("BEGIN IMMEDIATE")  # whoever is about to send something waits for this to end
            if journal.execute("SELECT count(*) FROM operations WHERE state = 'intended'").fetchone()[0]:
                return False
            process.kill()
            process.communicate()
            return True

    until(killed_at_rest, "a moment without a request under way")
