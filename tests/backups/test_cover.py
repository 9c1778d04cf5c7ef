"""`backups --check`: is there, for every target, a usable copy that is young enough?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.backups.conftest import Estate, item
from tests.support.archives import change


@pytest.fixture
def plan(estate: Estate) -> str:
    return estate.plan(item("group-00", "dr:{name}-{date}-{time}", "eu:{name}-{date}-{time}", covered_for="26h"))


def named(estate: Estate, hours_ago: float) -> str:
    return f"group-00-{estate.program.clock.now() - timedelta(hours=hours_ago):%Y-%m-%d-%H%M%S}"


def test_targets_with_a_young_copy_are_covered(estate: Estate, plan: str) -> None:
    assert estate.run("run", plan, "-q").status == 0
    estate.set_day(25 * 3600)
    checked = estate.run("backups", plan, "--check", "-o", "json", "-q")
    assert (checked.status, checked.err) == (0, "")
    assert [(one["target"], one["covered"]) for one in checked.json] == [
        ("dr:{name}-{date}-{time}", True),
        ("eu:{name}-{date}-{time}", True),
    ]
    assert 0 < checked.json[0]["secondsLeft"] <= 3600


def test_a_check_sends_nothing_but_reads(estate: Estate, plan: str) -> None:
    estate.run("backups", plan, "--check")
    assert {call["method"] for call in estate.emulator.requests()["requests"]} == {"GET"}


def test_without_any_copy_the_check_is_status_5(estate: Estate, plan: str) -> None:
    checked = estate.run("backups", plan, "--check")
    assert checked.status == 5
    both = "group-00 in dr:{name}-{date}-{time}, group-00 in eu:{name}-{date}-{time}"
    assert f"{both}: there is no copy that can be used\n" in checked.err


def test_a_copy_that_is_too_old_does_not_cover(estate: Estate, plan: str) -> None:
    assert estate.run("run", plan, "-q").status == 0
    estate.set_day(27 * 3600)
    checked = estate.run("backups", plan, "--check", "-o", "json")
    assert checked.status == 5
    assert "is 1d03h old, and counts for 1d02h" in checked.err
    assert checked.json[0]["secondsLeft"] < 0


def test_one_uncovered_target_among_others_is_status_11(estate: Estate, plan: str) -> None:
    estate.emulator.faults({"route": "POST /snapshots/*/apply", "account": "eu", "status": 403, "code": "No"})
    assert estate.run("run", plan).status == 11
    checked = estate.run("backups", plan, "--check", "-o", "json")
    assert checked.status == 11
    assert [one["covered"] for one in checked.json] == [True, False]


def test_what_only_has_the_name_of_a_copy_does_not_cover(estate: Estate, plan: str) -> None:
    estate.make("dr", named(estate, hours_ago=1))
    checked = estate.run("backups", plan, "--check", "-o", "json")
    assert (checked.status, [one["covered"] for one in checked.json]) == (5, [False, False])
    assert "nothing here shows that it is a copy of this object" in checked.json[0]["message"]


def test_a_copy_of_another_object_does_not_cover(estate: Estate, plan: str) -> None:
    other = item("b", "dr:group-00-{date}-{time}", "eu:group-00-{date}-{time}", object_id="group-01")
    assert estate.run("run", estate.plan(other), "-q").status == 0
    own = item("group-00", "dr:{name}-{date}-{time}", "eu:{name}-{date}-{time}")
    assert estate.run("backups", estate.plan(own), "--check").status == 5


def test_the_copy_of_another_plan_for_the_same_object_covers(estate: Estate, plan: str) -> None:
    assert estate.run("run", plan, "-q").status == 0
    other = item("staff", "dr:group-00-{date}-{time}", object_id="group-00")
    assert estate.run("backups", estate.plan(other), "--check", "-q").status == 0


def test_a_copy_whose_name_is_of_the_future_covers_for_its_true_age(estate: Estate, plan: str) -> None:
    estate.program.clock.shift(48 * 3600)
    assert estate.run("run", plan, "-q").status == 0
    estate.program.clock.shift(-48 * 3600)
    checked = estate.run("backups", plan, "--check", "-o", "json")
    assert (checked.status, 25 * 3600 < checked.json[0]["secondsLeft"] <= 26 * 3600) == (0, True)
    estate.set_day(27 * 3600)
    assert estate.run("backups", plan, "--check").status == 5


def test_a_copy_of_the_future_whose_true_age_is_not_known_does_not_cover(estate: Estate, plan: str) -> None:
    estate.program.clock.shift(48 * 3600)
    assert estate.run("run", plan, "-q").status == 0
    estate.program.clock.shift(-48 * 3600)
    journal = estate.program.directory / "state" / "journal.db"
    change(journal, "DELETE FROM backups")
    change(journal, "UPDATE operations SET created_time = NULL")
    checked = estate.run("backups", plan, "--check", "-o", "json")
    assert checked.status == 5
    assert [(one["covered"], one["objectId"]) for one in checked.json] == [(False, None), (False, None)]


def test_a_copy_that_was_not_verified_does_not_cover(estate: Estate, plan: str) -> None:
    estate.emulator.faults({"route": "GET /persongroups/*/persons", "account": "dr", "status": 403, "code": "No"})
    assert estate.run("run", plan).status == 11
    estate.emulator.faults()
    checked = estate.run("backups", plan, "--check")
    assert checked.status == 11
    assert "is there, but was not verified" in checked.err


def test_a_copy_that_somebody_deleted_does_not_cover(estate: Estate, plan: str) -> None:
    assert estate.run("run", plan, "-q").status == 0
    [name] = estate.groups("eu")
    estate.call("eu", "DELETE", f"/persongroups/{name}")
    assert estate.run("backups", plan, "--check").status == 11


def test_a_target_that_cannot_be_read_is_not_covered(estate: Estate, plan: str) -> None:
    assert estate.run("run", plan, "-q").status == 0
    estate.emulator.faults({"route": "GET /persongroups", "account": "eu", "status": 403, "code": "Forbidden"})
    checked = estate.run("backups", plan, "--check", "-o", "json")
    assert checked.status == 11
    assert [one["covered"] for one in checked.json] == [True, False]
    assert "Forbidden" in checked.json[1]["message"]


def test_the_checks_metric_lies_beside_the_runs(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr:{name}-{date}-{time}"), tail='[notify]\nmetrics = "facesnap.prom"')
    assert estate.run("backups", plan, "--check").status == 5
    written = (estate.program.directory / "facesnap-check.prom").read_text()
    assert 'facesnap_covered{plan="nightly",item="group-00",target="dr:{name}-{date}-{time}"} 0\n' in written
    assert estate.run("run", plan, "-q").status == 0
    assert estate.run("backups", plan, "--check", "-q").status == 0
    written = (estate.program.directory / "facesnap-check.prom").read_text()
    assert 'facesnap_covered{plan="nightly",item="group-00",target="dr:{name}-{date}-{time}"} 1\n' in written
