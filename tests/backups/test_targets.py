"""A finished copy is recognized target by target, however the plan changes around it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing

import pytest

from tests.backups.conftest import Estate, item, key, subscription

HOUR_S = 3600
DAY_S = 24 * HOUR_S
DR, EU, PROD = "dr:{name}-{date}", "eu:{name}-{date}", "prod:{name}-{date}"


def run(estate: Estate, *targets: str, **values: object) -> list[tuple[str, str]]:
    """Run a plan that copies group-00 to these targets, and return the status of each."""
    done = estate.run("run", estate.plan(item("group-00", *targets, **values)), "-o", "json", "-q")
    assert done.status == 0, done
    return [(one["profile"], one["status"]) for one in done.json]


def test_targets_may_be_added_removed_and_reordered(estate: Estate) -> None:
    assert run(estate, DR, EU) == [("dr", "copied"), ("eu", "copied")]
    assert run(estate, EU, DR) == [("eu", "current"), ("dr", "current")]
    assert run(estate, DR) == [("dr", "current")]
    assert (estate.takes(), estate.applies()) == (1, 2)
    estate.set_day(HOUR_S)
    assert run(estate, PROD, DR, EU) == [("prod", "copied"), ("dr", "current"), ("eu", "current")]
    assert (estate.takes(), estate.applies()) == (2, 3)
    assert run(estate, PROD, EU) == [("prod", "current"), ("eu", "current")]


def test_a_plan_whose_targets_change_every_day_takes_once_a_day_and_repeats_and_fails_nothing(estate: Estate) -> None:
    choices = [(DR,), (DR, EU), (EU, DR), (EU,), (PROD, EU, DR), (DR, PROD), (PROD,), (EU, PROD, DR), (DR, EU), (EU,)]
    applies = 0
    for number, targets in enumerate(choices, 1):
        assert {status for _, status in run(estate, *targets)} == {"copied"}
        applies += len(targets)
        for again in (tuple(reversed(targets)), targets[:1], targets[1:] or targets):
            estate.set_day(HOUR_S)
            assert {status for _, status in run(estate, *again)} == {"current"}
        assert (estate.takes(), estate.applies()) == (number, applies)
        assert estate.run("list", "-o", "json").json == []
        estate.set_day(DAY_S - 3 * HOUR_S)


@pytest.mark.parametrize("changed", [(DR, EU), (EU, DR), (PROD, EU, DR)])
def test_a_new_target_costs_no_take_while_there_is_a_young_snapshot(estate: Estate, changed: tuple[str, ...]) -> None:
    assert run(estate, DR, keep_snapshot=True) == [("dr", "copied")]
    estate.set_day(HOUR_S)
    told = estate.run("run", estate.plan(item("group-00", *changed, keep_snapshot=True)), "--dry-run", "-o", "json")
    assert [step["action"] for step in told.json].count("reuse") == 1
    assert ("dr", "current") in run(estate, *changed, keep_snapshot=True)
    assert (estate.takes(), estate.applies()) == (1, len(changed))


def test_a_second_plan_for_the_same_object_and_target_finds_the_copy_done(estate: Estate) -> None:
    assert run(estate, DR) == [("dr", "copied")]
    estate.set_day(HOUR_S)
    other = item("weekly", "eu:{name}", "dr:group-00-{date}", object_id="group-00")
    path = estate.program.directory / "other.toml"
    path.write_text(f"[[backup]]\n{other}\n")
    done = estate.run("run", str(path), "-o", "json", "-q")
    assert (done.status, [one["status"] for one in done.json]) == (0, ["copied", "current"])
    assert (estate.takes(), estate.applies()) == (2, 2)


def test_a_second_plan_waits_for_the_copy_that_another_run_has_begun(estate: Estate) -> None:
    taken = estate.run("take", "-t", "PersonGroup", "-i", "group-00", "-s", subscription("dr"), "-q")
    assert taken.status == 0
    copy = ("copy", "-t", "PersonGroup", "-i", "group-00", "--to", "dr:group-00-{date}", "--max-age", "20h")
    assert estate.run(*copy, "--timeout", "1").status == 8
    assert run(estate, EU, DR) == [("eu", "copied"), ("dr", "current")]
    assert (estate.takes(), estate.applies()) == (1, 2)
    assert estate.run(*copy, "-q").status == 0
    assert (estate.takes(), estate.applies()) == (1, 2)


def test_a_target_that_failed_goes_on_from_the_snapshot_although_others_came_and_went(estate: Estate) -> None:
    estate.emulator.faults({"route": "POST /snapshots/*/apply", "fail": "no", "account": "eu", "count": 1})
    assert estate.run("run", estate.plan(item("group-00", DR, EU)), "-q").status == 11
    estate.set_day(HOUR_S)
    assert run(estate, PROD, EU) == [("prod", "copied"), ("eu", "copied")]
    assert (estate.takes(), estate.applies()) == (1, 4)
    assert estate.run("list", "-o", "json").json == []


def test_a_copy_of_another_object_by_the_same_name_does_not_count(estate: Estate) -> None:
    assert estate.run("run", estate.plan(item("group-00", "dr:copy-{date}")), "-q").status == 0
    other = estate.run("run", estate.plan(item("group-01", "dr:copy-{date}")), "-o", "json")
    assert other.status == 6
    assert "exists in dr already" in other.err
    assert estate.takes() == 1


def test_a_copy_is_recorded_with_its_source_target_and_verification(estate: Estate) -> None:
    run(estate, DR)
    [record] = records(estate)
    assert (record["method"], record["item"], record["target"], record["state"]) == ("snapshot", "group-00", DR, "good")
    assert (record["profile"], record["object_id"], record["target_profile"]) == ("prod", "group-00", "dr")
    assert (record["verified"], record["persons"], record["faces"]) == ("quick", 3, 3)
    assert record["plan"] == str(estate.program.directory / "nightly.toml")
    assert str(record["account"]).endswith("/accounts/prod")


def test_a_copy_that_differs_is_recorded_as_bad_and_as_good_once_it_does_not(estate: Estate) -> None:
    plan = estate.plan(item("group-00", DR, keep_snapshot=True))
    scope = "bbbbbbbb-0000-4000-8000-000000000001"
    assert estate.run("take", "-t", "PersonGroup", "-i", "group-00", "-s", scope, "-q").status == 0
    made = estate.call("prod", "POST", "/persongroups/group-00/persons", {"name": "Newcomer"})
    assert estate.run("run", plan, "-q").status == 14
    [record] = records(estate)
    assert (record["state"], record["verified"]) == ("bad", None)
    assert "persons 4 became 3" in str(record["reason"])
    estate.call("prod", "DELETE", f"/persongroups/group-00/persons/{made['personId']}")
    assert estate.run("run", plan, "-q").status == 0
    [record] = records(estate)
    assert (record["state"], record["verified"], record["reason"]) == ("good", "quick", None)


def test_a_copy_that_retention_deleted_is_recorded_as_deleted(estate: Estate) -> None:
    for _ in range(3):
        run(estate, DR, keep={"last": 1})
        estate.set_day(DAY_S)
    assert [record["state"] for record in records(estate)] == ["deleted", "deleted", "good"]


def test_an_unfinished_copy_of_an_earlier_version_goes_on(estate: Estate) -> None:
    plan = estate.plan(item("group-00", DR, EU))
    estate.emulator.faults({"route": "POST /snapshots/*/apply", "fail": "no", "account": "eu", "count": 1})
    assert estate.run("run", plan, "-q").status == 11
    as_before(estate)
    assert run(estate, DR, EU) == [("dr", "current"), ("eu", "copied")]
    assert (estate.takes(), estate.applies()) == (1, 3)
    assert estate.run("list", "-o", "json").json == []


def test_finished_copies_of_an_earlier_version_count_although_the_targets_changed(estate: Estate) -> None:
    run(estate, DR, EU)
    as_before(estate)
    assert run(estate, EU, DR) == [("eu", "current"), ("dr", "current")]
    assert run(estate, DR) == [("dr", "current")]
    assert (estate.takes(), estate.applies()) == (1, 2)


def records(estate: Estate) -> list[dict[str, object]]:
    """Return the records of backups in the journal, oldest first."""
    with closing(sqlite3.connect(estate.program.directory / "state" / "journal.db")) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM backups ORDER BY made_time")]


def as_before(estate: Estate) -> None:
    """Give the journal the form of an earlier version: one key for all targets of group-00 to DR and EU, no records."""
    endpoint = estate.emulator.endpoint
    targets = [[profile, endpoint, "{name}-{date}", "group-00"] for profile in ("dr", "eu")]
    facts = json.dumps([["prod", endpoint, "PersonGroup", "group-00"], targets])
    key = hashlib.sha256(facts.encode()).hexdigest()[:32]
    with closing(sqlite3.connect(estate.program.directory / "state" / "journal.db")) as database, database:
        database.execute("DELETE FROM backups")
        database.execute("UPDATE operations SET job_key = ?", (key,))
        uses = database.execute("SELECT take, job_time FROM snapshot_uses WHERE job_key NOT IN ('', 'kept')").fetchone()
        if uses:
            database.execute("DELETE FROM snapshot_uses")
            database.execute("INSERT INTO snapshot_uses VALUES (?, ?, ?, 0)", (uses[0], key, uses[1]))


def test_a_take_is_not_used_after_its_profile_was_pointed_at_another_account(estate: Estate) -> None:
    estate.emulator.faults({"route": "POST /snapshots/{snapshotId}/apply", "status": 403, "count": 2})
    assert estate.run("run", estate.plan(item("group-00", DR, EU)), "-q").status == 4
    config = estate.program.directory / "config.toml"
    head, separator, rest = config.read_text().partition("[profiles.dr]")
    head = head.replace(key("prod"), key("eu")).replace(subscription("prod"), subscription("eu"))
    config.write_text(f"{head}{separator}{rest}")
    estate.make("eu", "group-00")
    estate.call("eu", "POST", "/persongroups/group-00/persons", {"name": "Boris"})
    assert estate.run("run", estate.plan(item("group-00", DR)), "-q").status == 0
    [copy] = [name for name in estate.groups("dr") if name.startswith("group-00")]
    assert [person["name"] for person in estate.call("dr", "GET", f"/persongroups/{copy}/persons")] == ["Boris"]
