"""A name in a target that holds another object than the recorded copy is neither counted nor deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.backups.conftest import Estate, item, subscription

DAY_S = 24 * 3600.0
NIGHTLY = "dr:{name}-{date}"


def run(estate: Estate, **values: object) -> str:
    """Copy group-00 to dr by a plan, and return the copy's id."""
    done = estate.run("run", estate.plan(item("group-00", NIGHTLY, **values)), "-o", "json", "-q")
    assert done.status == 0, done
    return str(done.json[0]["objectId"])


def replace_it(estate: Estate, copy: str) -> None:
    estate.call("dr", "DELETE", f"/persongroups/{copy}")
    estate.make("dr", copy)


def add_a_person(estate: Estate, copy: str) -> None:
    estate.call("dr", "POST", f"/persongroups/{copy}/persons", {"name": "Newcomer"})


def swap_a_person(estate: Estate, copy: str) -> None:
    [first, *_] = estate.call("dr", "GET", f"/persongroups/{copy}/persons")
    estate.call("dr", "DELETE", f"/persongroups/{copy}/persons/{first['personId']}")
    add_a_person(estate, copy)


def rename_it(estate: Estate, copy: str) -> None:
    estate.call("dr", "PATCH", f"/persongroups/{copy}", {"name": "Visitors"})


def train_it(estate: Estate, copy: str) -> None:
    estate.call("dr", "POST", f"/persongroups/{copy}/train")
    estate.set_day(60)


@pytest.mark.parametrize("change", [replace_it, add_a_person, swap_a_person, rename_it, train_it])
def test_a_changed_copy_neither_is_current_nor_covers(estate: Estate, change: Callable[[Estate, str], None]) -> None:
    change(estate, run(estate))
    plan = str(estate.program.directory / "nightly.toml")
    checked = estate.run("backups", plan, "--check")
    assert (checked.status, "has changed since it was copied (" in checked.err) == (5, True)
    for arguments in ((), ("--dry-run",)):
        again = estate.run("run", plan, *arguments)
        assert (again.status, "has changed since it was copied (" in again.err) == (6, True), again


def test_a_changed_copy_neither_counts_for_keep_nor_is_deleted(estate: Estate) -> None:
    first = run(estate, keep={"last": 2})
    estate.set_day(DAY_S)
    second = run(estate, keep={"last": 2})
    add_a_person(estate, second)
    estate.set_day(DAY_S)
    third = run(estate, keep={"last": 2})
    assert estate.groups("dr") == [first, second, third], "only two of them are copies"
    estate.set_day(DAY_S)
    plan = str(estate.program.directory / "nightly.toml")
    done = estate.run("run", plan, "-o", "json")
    assert (done.status, done.json[0]["deleted"]) == (0, [first])
    assert f"dr:{second} has changed since it was copied (persons, content)" in done.err


def test_a_changed_copy_is_made_again_under_a_new_name(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr:{name}-{date}-{time}"))
    [copy] = estate.run("run", plan, "-o", "json", "-q").json
    add_a_person(estate, copy["objectId"])
    estate.set_day(60)
    assert [one["status"] for one in estate.run("run", plan, "-o", "json", "-q").json] == ["copied"]
    assert estate.run("backups", plan, "--check", "-q").status == 0


def test_a_copy_made_by_hand_covers_but_is_never_deleted(estate: Estate) -> None:
    by_hand = ("copy", "-t", "PersonGroup", "-i", "group-00", "--to", "dr:group-00-{date}", "-q")
    assert estate.run(*by_hand).status == 0
    [manual] = estate.groups("dr")
    assert run(estate, keep={"last": 1}) == manual
    made = []
    for _ in range(3):
        estate.set_day(DAY_S)
        made.append(run(estate, keep={"last": 1}))
    assert estate.groups("dr") == [manual, made[-1]]


def test_a_copy_begun_by_hand_and_finished_by_the_plan_is_never_deleted(estate: Estate) -> None:
    by_hand = ("copy", "-t", "PersonGroup", "-i", "group-00", "--to", "dr:group-00-{date}", "-q")
    estate.emulator.faults(
        {"route": "GET /persongroups/*/persons", "status": 500, "code": "Unspecified", "message": ""}
    )
    assert estate.run(*by_hand).status != 0
    estate.emulator.faults()
    [manual] = estate.groups("dr")
    assert run(estate, keep={"last": 1}) == manual
    for _ in range(2):
        estate.set_day(DAY_S)
        newest = run(estate, keep={"last": 1})
    assert estate.groups("dr") == [manual, newest]


def test_a_copy_known_to_be_bad_is_not_current_without_verification_either(estate: Estate) -> None:
    taken = estate.run("take", "-t", "PersonGroup", "-i", "group-00", "-s", subscription("dr"), "-q")
    assert taken.status == 0
    estate.call("prod", "POST", "/persongroups/group-00/persons", {"name": "Newcomer"})
    target = "dr:{name}-{date}-{time}"
    assert estate.run("run", estate.plan(item("group-00", target)), "-q").status == 14
    estate.set_day(60)
    done = estate.run("run", estate.plan(item("group-00", target, verify="none")), "-o", "json", "-q")
    assert (done.status, done.json[0]["status"], estate.takes()) == (0, "copied", 2), done
    persons = estate.call("dr", "GET", f"/persongroups/{done.json[0]['objectId']}/persons")
    assert len(persons) == 4


def test_a_clock_that_was_set_back_does_not_make_a_copy_young(estate: Estate) -> None:
    run(estate)
    estate.set_day(30 * 3600)
    estate.program.clock.shift(-29 * 3600)
    plan = str(estate.program.directory / "nightly.toml")
    assert estate.run("backups", plan, "--check", "-q").status == 5
    again = estate.run("run", plan, "-q", "-o", "json")
    assert "current" not in again.out


@pytest.mark.parametrize("persons", [[], ["Anna"]], ids=["empty", "never trained"])
def test_an_untrained_or_empty_copy_is_recognized(estate: Estate, persons: list[str]) -> None:
    estate.make("prod", "small")
    for name in persons:
        estate.call("prod", "POST", "/persongroups/small/persons", {"name": name})
    plan = estate.plan(item("small", NIGHTLY))
    assert [estate.run("run", plan, "-o", "json", "-q").json[0]["status"] for _ in range(2)] == ["copied", "current"]
    assert estate.run("backups", plan, "--check", "-q").status == 0
