"""Test that copies and plans are right on a machine whose clock is wrong, and delete nothing there."""

from __future__ import annotations

import pytest

from tests.backups.conftest import Estate, item

DAY_S = 86400.0
WRONG_BY_DAYS = pytest.mark.parametrize("days", [-5, 5], ids=["behind", "ahead"])
COPY = ("copy", "-t", "PersonGroup", "-i", "group-03", "--to", "dr:copy-{date}", "--to", "eu:copy-{date}")
NOTHING_DELETED = "no older copies were deleted"


@WRONG_BY_DAYS
def test_a_copy_succeeds_with_one_take_and_says_once_that_the_clock_is_wrong(estate: Estate, days: float) -> None:
    estate.program.clock.shift(days * DAY_S)
    done = estate.run(*COPY, "--max-age", "20h")
    assert (done.status, done.err.count("this machine's clock is 5d00h")) == (0, 1), done
    again = estate.run(*COPY, "--max-age", "20h")
    assert (again.status, estate.takes(), estate.applies()) == (0, 1, 2)


@WRONG_BY_DAYS
def test_a_copy_reuses_no_snapshot_that_is_too_old(estate: Estate, days: float) -> None:
    assert estate.run(*COPY, "--keep-snapshot", "-q").status == 0
    estate.set_day(30 * 3600)
    estate.program.clock.shift(days * DAY_S)
    assert estate.run(*COPY, "--max-age", "20h", "-q").status == 0
    assert estate.takes() == 2


@WRONG_BY_DAYS
@pytest.mark.parametrize("method", ["snapshot", "export"])
def test_a_run_deletes_nothing(estate: Estate, days: float, method: str) -> None:
    to = "dr:copy-{date}" if method == "snapshot" else "file:copy-{date}.facesnap"
    lacking = {} if method == "snapshot" else {"require_images": False}
    plan = estate.plan(item("group-03", to, method=method, keep={"last": 1}, **lacking))
    for _ in range(2):
        assert estate.run("run", plan, "-q").status == 0
        estate.set_day(8 * DAY_S)
    kept = len(estate.groups("dr"))
    estate.program.clock.shift(days * DAY_S)
    previewed = estate.run("run", plan, "--dry-run", "-o", "json", "-q")
    assert "not kept" not in previewed.out
    wrong = estate.run("run", plan, "-o", "json", "-q")
    assert (wrong.status, wrong.json[0]["status"], wrong.json[0]["deleted"]) == (0, "copied", [])
    assert (wrong.err.count("this machine's clock is 5d00h"), wrong.err.count(NOTHING_DELETED)) == (1, 1)
    assert len(estate.groups("dr")) == kept + (method == "snapshot")
    estate.program.clock.shift(-days * DAY_S)
    estate.set_day(8 * DAY_S)
    right = estate.run("run", plan, "-o", "json", "-q")
    assert (right.status, len(right.json[0]["deleted"]), right.err) == (0, 2, "")


@WRONG_BY_DAYS
def test_a_copy_counts_for_as_long_as_the_services_clock_says(estate: Estate, days: float) -> None:
    plan = estate.plan(item("group-03", "dr:copy-{date}", covered_for="30h"))
    assert estate.run("run", plan, "-q").status == 0
    estate.program.clock.shift(days * DAY_S)
    checked = estate.run("backups", plan, "--check", "-o", "json", "-q")
    assert (checked.status, 29 * 3600 < checked.json[0]["secondsLeft"] <= 30 * 3600) == (0, True)
    estate.set_day(31 * 3600)
    assert estate.run("backups", plan, "--check", "-q").status == 5


def test_operations_are_not_forgotten_by_a_clock_that_is_half_a_year_ahead(estate: Estate) -> None:
    plan = estate.plan(item("group-03", "dr:copy-{date}"))
    assert estate.run("run", plan, "-q").status == 0
    known = estate.run("status", "--all", "-o", "id").out.split()
    estate.program.clock.shift(180 * DAY_S)
    assert estate.run("run", plan, "-q").status == 0
    assert estate.run("copy", "-t", "PersonGroup", "-i", "group-03", "--to", "dr:another", "-q").status == 0
    assert set(known) < set(estate.run("status", "--all", "-o", "id", "-q").out.split())
