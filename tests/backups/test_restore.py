"""`restore`: the newest good backup at or before a moment, by snapshot or by import, never over anything."""

from __future__ import annotations

import shlex
from datetime import timedelta
from pathlib import Path

import pytest

from facesnap_cli.backups.restoring.backup_choice import moment_of
from facesnap_cli.common.errors import UsageError
from tests.backups.conftest import Estate, item, key
from tests.support.archives import draw_images, face_ids, persons, wait_days
from tests.support.families import first_quick
from tests.support.terminal import at_terminal

GROUP = "group-03"
QUIET = ("-q", "-o", "json")


@pytest.fixture
def copies(estate: Estate) -> str:
    """A plan that copied the group on two days, with another person on the second."""
    plan = estate.plan(item(GROUP, "dr:{name}-{date}"))
    assert estate.run("run", plan, "-q", "-o", "none").status == 0
    wait_days(estate.program, 1)
    estate.call("prod", "POST", f"/persongroups/{GROUP}/persons", {"name": "Newcomer"})
    assert estate.run("run", plan, "-q", "-o", "none").status == 0
    return plan


@pytest.fixture
def archives(estate: Estate) -> str:
    """A plan that exported the group with its images on two days, with another person on the second."""
    images = draw_images(
        estate.emulator,
        face_ids(estate.emulator, "PersonGroup", GROUP, key("prod")),
        estate.program.directory / "photos",
    )
    plan = estate.plan(item(GROUP, "file:backups/{name}-{date}.facesnap", method="export", images=images.name))
    assert estate.run("run", plan, "-q", "-o", "none").status == 0
    wait_days(estate.program, 1)
    estate.call("prod", "POST", f"/persongroups/{GROUP}/persons", {"name": "Newcomer"})
    assert estate.run("run", plan, "-q", "-o", "none").status == 0
    return plan


def names(estate: Estate, object_id: str, profile: str = "prod") -> list[str]:
    return [person["name"] for person in persons(estate.emulator, "PersonGroup", object_id, key(profile))]


@pytest.mark.parametrize("method", ["copies", "archives"])
def test_todays_and_yesterdays_backup_are_rebuilt(estate: Estate, method: str, request: pytest.FixtureRequest) -> None:
    plan = request.getfixturevalue(method)
    done = estate.run("restore", GROUP, "--plan", plan, "--to", "prod:today", *QUIET)
    assert (done.status, done.err) == (0, "")
    yesterday = f"{estate.program.clock.now() - timedelta(days=1):%Y-%m-%d}"
    done = estate.run("restore", GROUP, "--at", yesterday, "--to", "prod:yesterday", *QUIET)
    assert (done.status, done.err) == (0, "")
    assert "Newcomer" in names(estate, "today")
    assert "Newcomer" not in names(estate, "yesterday")
    assert len(names(estate, "yesterday")) == 6


@pytest.mark.parametrize("method", first_quick(["archives", "copies"]))
def test_the_backups_of_last_tuesday_and_of_yesterday_are_rebuilt(
    estate: Estate, method: str, request: pytest.FixtureRequest
) -> None:
    plan, clock = request.getfixturevalue(method), estate.program.clock
    tuesday = clock.now() - timedelta(days=1)
    wait_days(estate.program, 5)
    estate.call("prod", "POST", f"/persongroups/{GROUP}/persons", {"name": "Latecomer"})
    assert estate.run("run", plan, "-q", "-o", "none").status == 0
    yesterday = clock.now()
    wait_days(estate.program, 1)
    estate.call("prod", "POST", f"/persongroups/{GROUP}/persons", {"name": "Today's"})
    assert estate.run("run", plan, "-q", "-o", "none").status == 0
    for object_id, at, count in (
        ("tuesday", f"{tuesday:%Y-%m-%d}", 6),
        ("between", f"{yesterday - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}", 7),
        ("yesterday", f"{yesterday:%Y-%m-%d}", 8),
        ("today", f"{clock.now():%Y-%m-%d}", 9),
    ):
        done = estate.run("restore", GROUP, "--at", at, "--to", f"eu:{object_id}", *QUIET)
        assert (done.status, done.err, len(names(estate, object_id, "eu"))) == (0, "", count)


@pytest.mark.parametrize("method", first_quick(["copies", "archives"]))
def test_the_line_below_a_list_restores_what_was_listed_also_after_there_is_a_newer_backup(
    estate: Estate, method: str, request: pytest.FixtureRequest
) -> None:
    plan = request.getfixturevalue(method)
    shown = at_terminal(estate.program, "backups", plan, columns=200).out
    line = shown.partition("next: facesnap ")[2].splitlines()[0]
    wait_days(estate.program, 1)
    estate.call("prod", "POST", f"/persongroups/{GROUP}/persons", {"name": "Latecomer"})
    assert estate.run("run", plan, "-q", "-o", "none").status == 0
    done = estate.run(*shlex.split(line), "--to", "eu:listed", *QUIET)
    assert (done.status, done.err) == (0, "")
    assert "Newcomer" in names(estate, "listed", "eu")
    assert "Latecomer" not in names(estate, "listed", "eu")


@pytest.mark.parametrize("method", ["copies", "archives"])
def test_nothing_is_overwritten(estate: Estate, method: str, request: pytest.FixtureRequest) -> None:
    plan, before = request.getfixturevalue(method), names(estate, GROUP)
    done = estate.run("restore", GROUP, "--plan", plan, *QUIET)
    assert (done.status, names(estate, GROUP)) == (6, before)
    assert "exists" in done.err


def test_the_command_that_comes_next_writes_the_id_map(estate: Estate, archives: str) -> None:
    done = estate.run("restore", GROUP, "--plan", archives, "--to", "eu:again", "-o", "none")
    assert done.status == 0
    line = done.err.partition("next: facesnap ")[2].splitlines()[0]
    before = estate.posts("")
    ids = estate.program.directory / "ids.csv"
    written = estate.run(*line.replace("ids.csv", str(ids)).split(), "-q", "-o", "none")
    assert (written.status, written.err, estate.posts("")) == (0, "", before)
    assert ids.read_text().startswith("kind,name,personId")


def test_a_dry_run_says_which_backup_and_sends_nothing(estate: Estate, copies: str) -> None:
    told = estate.run("restore", GROUP, "--plan", copies, "--to", "eu:again", "--dry-run", "-o", "json")
    assert told.status == 0
    assert "the newest good backup of group-03, taken" in told.err
    assert [(step["action"], step["profile"], step["objectId"]) for step in told.json] == [("copy", "eu", "again")]
    assert estate.groups("eu") == []


def test_a_deleted_person_is_put_back_from_the_newest_archive(estate: Estate, archives: str) -> None:
    gone = persons(estate.emulator, "PersonGroup", GROUP, key("prod"))[0]
    estate.call("prod", "DELETE", f"/persongroups/{GROUP}/persons/{gone['personId']}")
    before = names(estate, GROUP)
    command = ("restore", GROUP, "--plan", archives, "--into", "--person", gone["name"], *QUIET)
    refused = estate.run(*command)
    assert (refused.status, names(estate, GROUP)) == (2, before)
    done = estate.run(*command, "--yes")
    assert (done.status, done.err) == (0, "")
    assert sorted(names(estate, GROUP)) == sorted([*before, gone["name"]])


def test_a_bad_backup_is_passed_over_with_the_reason(estate: Estate, archives: str) -> None:
    newest = max((Path(estate.program.directory) / "backups").iterdir())
    newest.unlink()
    told = estate.run("restore", GROUP, "--plan", archives, "--to", "eu:again", "--dry-run", "-o", "json")
    assert told.status == 0
    assert f"passed over: {newest} is gone" in told.err


def test_a_copy_that_somebody_changed_is_passed_over_and_told_of(estate: Estate, copies: str) -> None:
    older, newest = sorted(estate.groups("dr"))
    estate.call("dr", "POST", f"/persongroups/{newest}/persons", {"name": "Intruder"})
    chosen = estate.run("restore", GROUP, "--plan", copies, "--to", "eu:again", "--dry-run", "-o", "none")
    assert f"dr:{older}: the newest good backup" in chosen.err
    assert f"passed over: dr:{newest} has changed since it was copied" in chosen.err
    named = estate.run("restore", f"dr:{newest}", "--to", "eu:again", "--dry-run", "-o", "none")
    assert f"dr:{newest} has changed since it was copied" in named.err


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-24", "2026-11-24T23:59:59.999999+00:00"),
        ("2026-11-24T02:15:00Z", "2026-11-24T02:15:00+00:00"),
        ("2026-11-24T02:15+14:00", "2026-11-23T12:15:00+00:00"),
        ("2026-11-24 02:15:00-09:30", "2026-11-24T11:45:00+00:00"),
    ],
)
def test_a_time_may_have_an_offset(text: str, found: str) -> None:
    assert moment_of(text).isoformat() == found


@pytest.mark.parametrize("text", ["2026-02-30", "2026-11-24T02:15", "20261124", "0001-01-01T00:00+14:00", "today"])
def test_what_names_no_moment_is_2(text: str) -> None:
    with pytest.raises(UsageError, match="not a time"):
        moment_of(text)


def test_an_archive_and_a_copy_are_named_directly(estate: Estate, copies: str) -> None:
    copy = estate.groups("dr")[0]
    done = estate.run("restore", f"dr:{copy}", "--to", "eu:one", *QUIET)
    assert (done.status, done.err) == (0, "")
    assert len(names(estate, "one", "eu")) == 6
    missing = estate.run("restore", "./no.facesnap", "--to", "eu:two", *QUIET)
    assert (missing.status, missing.out) == (5, "")


def test_an_item_without_a_good_backup_is_5(estate: Estate, copies: str) -> None:
    done = estate.run("restore", GROUP, "--plan", copies, "--at", "2020-01-01", *QUIET)
    assert (done.status, done.out) == (5, "")
    assert "no good backup of group-03 at or before 2020-01-01" in done.err


@pytest.mark.parametrize("option", ["--id-map", "--log-file"])
@pytest.mark.parametrize("is_named", [True, False])
def test_no_output_is_a_plan_that_is_read(estate: Estate, archives: str, option: str, is_named: bool) -> None:
    plan = Path(archives).rename(estate.program.directory / "plan.csv")
    assert estate.run("run", str(plan), "-q", "-o", "none").status == 0
    before, requests = plan.read_bytes(), estate.emulator.requests()["total"]
    named = ("--plan", str(plan)) if is_named else ()
    refused = estate.run("restore", GROUP, *named, "--to", "eu:again", option, str(plan), *QUIET)
    assert (refused.status, refused.out, plan.read_bytes()) == (2, "", before)
    assert estate.emulator.requests()["total"] == requests
