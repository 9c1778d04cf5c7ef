"""`backups`: what there is, where, how old, and whether it is good."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.backups.conftest import Estate, item
from tests.backups.test_run import day, run_nights
from tests.conftest import Program
from tests.support.archives import DAY_S, change, rows

ARCHIVE = "file:backups/{name}-{date}.facesnap"


@pytest.fixture
def plan(estate: Estate) -> str:
    """A plan with an item of each method, run on two nights."""
    export = item("group-01", ARCHIVE, method="export", require_images=False)
    path = estate.plan(item("group-00", "dr:{name}-{date}"), export)
    run_nights(estate, path, 2)
    return path


def journal(program: Program) -> Path:
    return program.directory / "state" / "journal.db"


def standings(estate: Estate, *arguments: str) -> list[tuple[str, str, str]]:
    """Return the item, the last part of the place and the standing of each backup."""
    listed = estate.run("backups", *arguments, "-o", "json", "-q").json
    return [(each["item"], Path(each["where"] or "").name, each["standing"]) for each in listed]


def test_copies_and_archives_are_listed_newest_first(estate: Estate, plan: str) -> None:
    listed = estate.run("backups", plan, "-o", "json")
    assert listed.status == 0
    assert [(each["item"], each["where"], each["verified"], each["standing"]) for each in listed.json] == [
        (name, where, verified, "good")
        for night in (-1, -2)
        for name, where, verified in (
            ("group-01", str(Path(plan).parent / "backups" / f"group-01-{day(estate, night)}.facesnap"), "checked"),
            ("group-00", f"dr:group-00-{day(estate, night)}", "quick"),
        )
    ]
    assert "2 items, 4 backups, the newest" in listed.err
    assert "prod has 18 objects that no item covers: group-02 (PersonGroup)" in listed.err
    assert {call["method"] for call in estate.emulator.requests()["requests"][-5:]} == {"GET"}


def test_without_a_plan_all_that_the_journal_remembers_is_listed(estate: Estate, plan: str) -> None:
    before = standings(estate, plan)
    assert standings(estate) == standings(estate, "--offline") == before
    Path(plan).unlink()
    assert standings(estate) == before


def test_the_list_goes_without_a_network(estate: Estate, plan: str) -> None:
    before = standings(estate, plan)
    asked = estate.run("backups", plan, "-q", "--max-retries", "0", "--proxy", "http://127.0.0.1:1")
    assert (asked.status, "group-00" in asked.err) == (11, True)
    sent = len(estate.emulator.requests()["requests"])
    assert standings(estate, "--offline") == before
    assert len(estate.emulator.requests()["requests"]) == sent


def test_bad_unverified_and_gone_backups_are_told_apart(estate: Estate, plan: str) -> None:
    newest, older = day(estate, -1), day(estate, -2)
    records = journal(estate.program)
    change(records, "UPDATE backups SET state = 'bad', reason = 'has 2 persons' WHERE place = ?", f"group-00-{newest}")
    change(records, "UPDATE backups SET verified = NULL WHERE place = ?", f"group-00-{older}")
    (Path(plan).parent / "backups" / f"group-01-{newest}.facesnap").unlink()
    (Path(plan).parent / "backups" / f"group-01-{older}.facesnap").touch()
    assert standings(estate, plan) == [
        ("group-01", f"group-01-{newest}.facesnap", "gone"),
        ("group-00", f"dr:group-00-{newest}", "bad"),
        ("group-01", f"group-01-{older}.facesnap", "unverified"),
        ("group-00", f"dr:group-00-{older}", "unverified"),
    ]
    estate.call("dr", "DELETE", f"/persongroups/group-00-{newest}")
    assert ("group-00", f"dr:group-00-{newest}", "gone") in standings(estate, plan)


def test_backups_of_another_machine_and_of_unknown_origin_are_said_to_be(estate: Estate, plan: str) -> None:
    journal(estate.program).unlink()
    listed = estate.run("backups", plan, "-o", "json", "-q").json
    assert {(each["method"], each["standing"], each["origin"]) for each in listed} == {
        ("export", "unverified", "another machine"),
        ("snapshot", "unknownOrigin", "unknown"),
    }


def test_what_is_taken_in_counts_afterwards(estate: Estate, plan: str) -> None:
    journal(estate.program).unlink()
    assert estate.run("backups", plan, "--adopt").status == 2
    adopted = estate.run("backups", plan, "--adopt", "--yes", "-o", "json")
    assert (adopted.status, len(adopted.json)) == (0, 2)
    assert {each["origin"] for each in adopted.json} == {"adopted"}
    assert [each for each in standings(estate, plan) if each[2] == "unknownOrigin"] == []
    assert estate.run("backups", plan, "--adopt", "--yes", "-o", "json").json == []
    older = sorted(estate.groups("dr"))
    kept = estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 1}))
    assert [each["deleted"] for each in estate.run("run", kept, "-o", "json", "-q").json] == [older]


def test_an_object_with_another_model_is_not_taken_in(estate: Estate) -> None:
    path = estate.plan(item("group-00", "dr:{name}-{date}"))
    body = {"name": "x", "recognitionModel": "recognition_02"}
    estate.call("dr", "PUT", f"/persongroups/group-00-{day(estate)}", body)
    adopted = estate.run("backups", path, "--adopt", "--yes", "-o", "json")
    assert (adopted.json, "another recognition model" in adopted.err) == ([], True)


def test_an_item_without_a_backup_is_shown(estate: Estate) -> None:
    path = estate.plan(item("group-00", "dr:{name}-{date}"))
    assert standings(estate, path) == [("group-00", "", "notCovered")]


def test_the_archives_of_a_directory_are_listed(estate: Estate, plan: str) -> None:
    directory = estate.program.directory / "backups"
    (directory / "notes.facesnap").write_text("no archive")
    assert [each[2] for each in standings(estate, str(directory))] == ["good", "good", "bad"]


def test_a_directory_that_vanished_is_not_silently_made_anew(estate: Estate, plan: str) -> None:
    shutil.rmtree(estate.program.directory / "backups")
    assert [each[2] for each in standings(estate, plan) if each[0] == "group-01"] == ["gone", "gone"]
    done = estate.run("run", plan, "-q")
    assert done.status == 0
    assert f"{estate.program.directory / 'backups'} was there and had 2 archives" in done.err


def test_the_number_of_requests_does_not_grow_with_items_and_backups(estate: Estate) -> None:
    path = estate.plan(*(item(f"group-{number:02}", "dr:{name}-{date}") for number in range(3)))
    assert estate.run("run", path, "-q").status == 0
    names = [f"group-{number:02}" for number in range(3)]
    records = rows(journal(estate.program), "SELECT * FROM backups")
    with contextlib.closing(sqlite3.connect(journal(estate.program))) as database, database:
        columns = [each[1] for each in database.execute("PRAGMA table_info(backups)")]
        for number, name in enumerate(f"group-{number:02}" for number in range(3, 50)):
            for night in range(30):
                made = dict(zip(columns, records[0], strict=True)) | {
                    "id": f"{number}-{night}",
                    "object_id": name,
                    "item": name,
                    "place": f"{name}-{day(estate, -night)}",
                }
                database.execute(f"INSERT INTO backups VALUES ({', '.join('?' * len(made))})", list(made.values()))
    names += [f"group-{number:02}" for number in range(3, 50)]
    path = estate.plan(*(item(name, "dr:{name}-{date}") for name in names))
    before = len(estate.emulator.requests()["requests"])
    listed = estate.run("backups", path, "-o", "json", "-q")
    assert (listed.status, len(listed.json)) == (0, 3 + 47 * 30)
    assert len(estate.emulator.requests()["requests"]) - before <= 8


@pytest.mark.parametrize(
    "arguments", [("--check",), ("--adopt",), ("x.toml", "--check", "--offline"), ("--check", "--runs")]
)
def test_options_that_do_not_go_together_are_refused(estate: Estate, arguments: tuple[str, ...]) -> None:
    assert estate.run("backups", *arguments).status == 2


@pytest.mark.parametrize("name", ["{name}-{time}", "{name}-{weekday}"])
def test_a_copy_whose_name_has_no_date_is_found_on_the_next_day(estate: Estate, name: str) -> None:
    path = estate.plan(item("group-00", f"dr:{name}", covered_for="2d"))
    assert estate.run("run", path, "-q", "-o", "none").status == 0
    [copy] = estate.groups("dr")
    estate.set_day(DAY_S)
    assert standings(estate, path) == [("group-00", f"dr:{copy}", "good")]
    assert estate.run("backups", path, "--check", "-q", "-o", "none").status == 0
    assert f"dr:{copy}: the newest good backup" in estate.run("restore", "group-00", "--plan", path, "--dry-run").err


def test_a_copy_made_by_hand_is_looked_for_in_its_account(estate: Estate, plan: str) -> None:
    copied = estate.run("copy", "-t", "PersonGroup", "-i", "group-00", "--to", "eu:by-hand", "-q", "-o", "none")
    assert copied.status == 0
    by_hand = ("group-00", "eu:by-hand")
    assert (*by_hand, "good") in standings(estate, plan)
    assert (*by_hand, "good") in standings(estate)
    estate.call("eu", "DELETE", "/persongroups/by-hand")
    assert (*by_hand, "gone") in standings(estate, plan)
    assert (*by_hand, "gone") in standings(estate)
    restored = estate.run("restore", "group-00", "--plan", plan, "--dry-run")
    assert f"dr:group-00-{day(estate, -1)}: the newest" in restored.err
    assert "passed over: eu:by-hand is gone" in restored.err
