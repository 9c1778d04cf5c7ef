"""A plan's item can do without the user data of faces, or have it read again every night."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program, Result
from tests.support.archives import dated_archive, persons, rows, wait_days
from tests.support.service import call, face_reads

WITHOUT, REFRESH = "face_user_data = false", "refresh_user_data = true"


def plan(program: Program, key: str = "") -> str:
    lines = ["[[backup]]", 'name = "employees"', 'from = "source"', 'type = "PersonGroup"', 'object_id = "employees"']
    lines += ['to = ["file:backups/{name}-{date}.facesnap"]', 'method = "export"', "require_images = false", key]
    path = program.directory / "nightly.toml"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def run(program: Program, key: str = "") -> Result:
    return program.run("run", plan(program, key), "-o", "json", "-q")


def test_an_item_that_leaves_it_out_says_so_in_every_place(program: Program, emulator: RunningEmulator) -> None:
    done = run(program, WITHOUT)
    [document] = done.json
    assert (done.status, done.err, face_reads(emulator)) == (0, "", 0)
    assert (document["status"], document["leftOut"]) == ("copied", ["face-user-data"])
    assert document["message"] == "7 faces, none with an image, without their user data"
    assert rows(dated_archive(program), "SELECT count(user_data) FROM faces") == [(0,)]
    checked = program.run("backups", plan(program, WITHOUT), "--check", "-o", "json", "-q")
    assert (checked.status, checked.err, checked.json[0]["message"]) == (0, "", document["message"])
    for place in (plan(program, WITHOUT), str(program.directory / "backups")):
        [listed] = program.run("backups", place, "-o", "json", "-q").json
        assert (listed["leftOut"], listed["reason"]) == (["face-user-data"], None)
    assert "without the user data of faces" in program.run("backups", plan(program, WITHOUT), "-q").out
    assert run(program, WITHOUT).json[0]["status"] == "current"


def test_an_item_that_wants_it_again_does_not_wait_for_the_next_night(
    program: Program, emulator: RunningEmulator
) -> None:
    assert run(program, WITHOUT).status == 0
    checked = program.run("backups", plan(program), "--check", "-o", "json", "-q")
    assert (checked.status, checked.json[0]["covered"]) == (0, True)
    assert "was exported without the user data of faces" in checked.err
    done = run(program)
    assert (done.status, done.json[0]["status"], done.json[0]["leftOut"]) == (0, "copied", [])
    assert face_reads(emulator) == 7
    assert rows(dated_archive(program), "SELECT count(user_data) > 0 FROM faces") == [(1,)]


@pytest.mark.parametrize(("key", "reads", "expected"), [("", 0, "front"), (REFRESH, 7, "en face")])
def test_only_a_refresh_notices_that_user_data_of_an_old_face_has_changed(
    program: Program, emulator: RunningEmulator, key: str, reads: int, expected: str
) -> None:
    assert run(program, key).status == 0
    [ada] = [each for each in persons(emulator, "PersonGroup", "employees") if each["name"] == "Ada Lovelace"]
    face = ada["persistedFaceIds"][0]
    path = f"/persongroups/employees/persons/{ada['personId']}/persistedfaces/{face}"
    call(emulator, "PATCH", path, SOURCE_KEYS[0], {"userData": "en face"})
    wait_days(program, 1)
    before = face_reads(emulator)
    assert run(program, key).status == 0
    assert face_reads(emulator) - before == reads
    query = "SELECT user_data FROM faces WHERE face_id = ?"
    assert rows(dated_archive(program), query, face) == [(expected,)]


def test_a_draft_of_an_item_follows_the_plan_that_finishes_it(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "GET /persongroups/*/persons/*/persistedfaces/*", "status": 403, "skip": 3})
    assert run(program).status == 4
    emulator.faults()
    before = face_reads(emulator)
    done = run(program, WITHOUT)
    assert (done.status, done.json[0]["leftOut"], face_reads(emulator) - before) == (0, ["face-user-data"], 0)
    assert rows(dated_archive(program), "SELECT count(user_data) FROM faces") == [(0,)]
