"""Test that an item of a plan that fails, in whatever way, leaves the others alone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from facesnap_cli.backups.copies.copy import Copy
from facesnap_cli.backups.copies.copy_results import CopyResult
from tests.backups.conftest import Estate, item
from tests.conftest import Result
from tests.support.families import first_quick
from tests.support.waiting import HANG_S

GOOD = [f"group-{number:02}" for number in range(5)]
BUG, REFUSED, HANGING = "group-05", "group-06", "group-07"
KEYS = {
    "refused": 'key = "00000000000000000000000000000000"',
    "none": 'auth = "key"',
    "missing": 'key_file = "no-such-file"',
    "unprinted": "key_command = \"sh -c 'exit 3'\"",
}


def add_profile(estate: Estate, key: str) -> None:
    """Add a profile of prod's account with another key."""
    config = estate.program.directory / "config.toml"
    endpoint = f'endpoint = "{estate.emulator.endpoint}"'
    config.write_text(f"{config.read_text()}\n[profiles.locked]\n{endpoint}\n{key}\nmax_retries = 0\n")


def plan_of_eight(estate: Estate) -> str:
    """Write a plan whose sixth item has a bug, whose seventh has no right key, and whose eighth gets no response."""
    names = [*GOOD, BUG, REFUSED, HANGING]
    bodies = [item(name, "dr:{name}-{date}", "eu:{name}-{date}") for name in names]
    return estate.plan(*(body.replace('from = "prod"', f'from = "{_source(body)}"') for body in bodies))


def _source(body: str) -> str:
    return "locked" if REFUSED in body else "prod"


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide by zero in the copy of one group."""
    run = Copy.run

    def run_or_raise(copy: Copy) -> CopyResult:
        if copy._parameters.take.object_id == BUG:
            print(1 / 0)
        return run(copy)

    monkeypatch.setattr(Copy, "run", run_or_raise)


def failures(done: Result) -> dict[str, str]:
    """Return the message of each item that failed."""
    documents: list[dict[str, Any]] = json.loads(done.out)
    return {each["item"]: each["message"] for each in documents if each["status"] == "failed"}


@pytest.mark.usefixtures("bug")
@pytest.mark.parametrize(
    ("jobs", "key"),
    first_quick([(jobs, key) for jobs in ("8", "1") for key in KEYS.values()]),
    ids=[f"{jobs}-{name}" for jobs in ("8", "1") for name in KEYS],
)
def test_five_items_finish_while_three_fail(estate: Estate, key: str, jobs: str) -> None:
    add_profile(estate, key)
    hangs = {"route": f"GET /persongroups/{HANGING}-*", "delay": HANG_S}
    estate.emulator.faults(hangs)
    config = estate.program.directory / "config.toml"
    impatient = "http_timeout = 1\nmax_retries = 0"
    config.write_text(re.sub(r"(\[profiles\.(?:dr|eu)\])", rf"\1\n{impatient}", config.read_text()))
    done = estate.run("run", plan_of_eight(estate), "--jobs", jobs, "-o", "json", "-q")
    assert done.status == 11
    found = failures(done)
    assert set(found) == {BUG, REFUSED, HANGING}
    assert "ZeroDivisionError" in found[BUG]
    assert "no whole answer within 1 s" in found[HANGING]
    for profile in ("dr", "eu"):
        assert [name.rpartition("-20")[0] for name in estate.groups(profile) if HANGING not in name] == GOOD


@pytest.mark.parametrize("key", list(KEYS.values())[1:], ids=list(KEYS)[1:])
def test_a_check_and_a_dry_run_show_the_others_if_a_key_cannot_be_had(estate: Estate, key: str) -> None:
    plan = plan_of_eight(estate)
    add_profile(estate, KEYS["refused"])
    assert estate.run("run", plan, "-q").status == 11
    config = estate.program.directory / "config.toml"
    config.write_text(config.read_text().replace(KEYS["refused"], key))
    checked = estate.run("backups", plan, "--check", "-o", "json", "-q")
    assert checked.status == 11
    assert {each["item"] for each in checked.json if not each["covered"]} == {REFUSED}
    previewed = estate.run("run", plan, "--dry-run", "-o", "json", "-q")
    assert previewed.status == 11
    assert {each["action"] for each in previewed.json} == {"none"}


@pytest.mark.parametrize("jobs", ["1", "8"])
def test_a_key_command_that_fails_runs_once_and_is_reported_once(estate: Estate, jobs: str) -> None:
    ran = estate.program.directory / "ran"
    add_profile(estate, f"key_command = \"sh -c 'echo x >> {ran}; exit 3'\"")
    bodies = [item(name, "dr:{name}-{date}", "eu:{name}-{date}") for name in GOOD]
    plan = estate.plan(*(body.replace('from = "prod"', 'from = "locked"') for body in bodies))
    done = estate.program.run("run", plan, "-j", jobs, "-q", "-o", "none")
    assert (done.status, ran.read_text()) == (4, "x\n")
    assert done.err.count("exited with 3") == 1
    assert "5 of 5 items did not succeed: group-00, group-01, group-02 and 2 more: profile locked: " in done.err


def test_items_that_fail_of_a_bug_name_their_targets_as_the_plan_does(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Copy, "run", lambda copy: 1 / 0)
    done = estate.program.run("run", estate.plan(item(GOOD[0], "dr:{name}-{date}")), "-o", "none")
    assert "dr:{name}-{date}: a bug in facesnap" in done.err
    assert "dr::" not in done.err


def test_an_items_name_is_not_repeated_before_an_error_that_names_it(estate: Estate) -> None:
    plan = estate.plan(item("ghost", "dr:{name}-{date}"), item("spook", "dr:{name}-{date}"))
    done = estate.program.run("run", plan, "-q", "-o", "none")
    assert done.status == 5
    assert "  take PersonGroup ghost: 404" in done.err
    assert "ghost: take PersonGroup ghost" not in done.err
