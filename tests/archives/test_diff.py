"""What has changed between two archives, or between an archive and the service."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program
from tests.support.archives import ALL_TYPES, exported, persons
from tests.support.service import call

SOURCE = SOURCE_KEYS[0]


@pytest.mark.parametrize(("object_type", "object_id"), ALL_TYPES)
def test_an_archive_does_not_differ_from_the_object_that_it_was_just_read_from(
    program: Program, emulator: RunningEmulator, object_type: str, object_id: str
) -> None:
    archive = exported(program, emulator, object_type, object_id)
    done = program.run("diff", str(archive), "-q", "-o", "json")
    assert (done.status, done.json, done.err) == (0, [], "")


def changed(emulator: RunningEmulator) -> dict[str, str]:
    """Change the employees, and return the ids of what was changed."""
    ada, grace, zofia = sorted(persons(emulator, "PersonGroup", "employees"), key=lambda one: str(one["name"]))
    path = "/persongroups/employees/persons"
    call(emulator, "PATCH", f"{path}/{ada['personId']}", SOURCE, {"name": "Ada King", "userData": "badge 1852"})
    call(emulator, "DELETE", f"{path}/{grace['personId']}", SOURCE)
    new = call(emulator, "POST", path, SOURCE, {"name": "Katherine Johnson"})["personId"]
    face = call(emulator, "POST", f"{path}/{new}/persistedfaces", SOURCE, emulator.image("0" * 32))["persistedFaceId"]
    gone = zofia["persistedFaceIds"][0]
    call(emulator, "DELETE", f"{path}/{zofia['personId']}/persistedfaces/{gone}", SOURCE)
    call(emulator, "PATCH", "/persongroups/employees", SOURCE, {"userData": "Moved"})
    return {"ada": ada["personId"], "grace": grace["personId"], "new": new, "face": face, "gone": gone}


def expected(ids: dict[str, str]) -> set[tuple[object, ...]]:
    return {
        ("changed", "object", "employees", "userData", "Head office", "Moved"),
        ("renamed", "person", ids["ada"], "name", "Ada Lovelace", "Ada King"),
        ("changed", "person", ids["ada"], "userData", "badge 1815", "badge 1852"),
        ("removed", "person", ids["grace"], None, None, None),
        ("added", "person", ids["new"], None, None, None),
        ("added", "face", ids["face"], None, None, None),
        ("removed", "face", ids["gone"], None, None, None),
    }


KEYS = ("change", "kind", "id", "what", "old", "new")


def test_what_was_added_removed_renamed_in_the_service_is_shown(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    ids = changed(emulator)
    done = program.run("diff", str(archive), "-q", "-o", "json")
    assert done.status == 14
    assert "differences" in done.err
    grace_faces = {
        ("removed", "face", one["id"], None, None, None) for one in done.json if one["name"] == "Grace Hopper"
    }
    shown = {tuple(one[key] for key in KEYS) for one in done.json}
    assert shown == expected(ids) | {one for one in grace_faces if one[2] != ids["grace"]}
    assert len(grace_faces) == 3  # her two faces and herself


def test_two_archives_are_compared_without_the_service(program: Program, emulator: RunningEmulator) -> None:
    monday = exported(program, emulator, "PersonGroup", "employees")
    ids, tuesday = changed(emulator), program.directory / "tuesday.facesnap"
    assert program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(tuesday)).status == 0
    before = emulator.requests()["total"]
    done = program.run("diff", str(monday), str(tuesday), "-o", "json")
    assert done.status == 14
    assert expected(ids) <= {tuple(one[key] for key in KEYS) for one in done.json}
    assert emulator.requests()["total"] == before


def test_the_user_data_of_faces_is_compared_between_archives(program: Program, emulator: RunningEmulator) -> None:
    monday, tuesday = exported(program, emulator, "PersonGroup", "employees"), program.directory / "tuesday.facesnap"
    [ada] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"] == "Ada Lovelace"]
    face = ada["persistedFaceIds"][0]
    path = f"/persongroups/employees/persons/{ada['personId']}/persistedfaces/{face}"
    call(emulator, "PATCH", path, SOURCE, {"userData": "en face"})
    assert program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(tuesday)).status == 0
    done = program.run("diff", str(monday), str(tuesday), "-o", "tsv")
    assert (done.status, done.out) == (14, f"changed\tface\t{face}\tAda Lovelace\tuserData\tfront\ten face\n")


def test_a_rebuilt_object_is_said_to_have_new_ids(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    assert program.run("import", str(archive), "-p", "target", "-i", "rebuilt", "-q", "-o", "none").status == 0
    done = program.run("diff", str(archive), "-p", "target", "-i", "rebuilt", "-q", "-o", "json")
    assert (done.status, {one["change"] for one in done.json}) == (14, {"removed", "added"})
    assert "the ids differ altogether: an imported object has new ones; import --verify full" in done.err
    changed(emulator)
    assert "the ids differ" not in program.run("diff", str(archive), "-q").err


def test_archives_of_different_types_are_not_compared(program: Program, emulator: RunningEmulator) -> None:
    group, faces = exported(program, emulator, "PersonGroup", "employees"), exported(program, emulator, *ALL_TYPES[2])
    done = program.run("diff", str(group), str(faces))
    assert (done.status, done.out) == (2, "")
    assert "is of a PersonGroup" in done.err


def test_an_object_that_is_gone_is_not_found(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    call(emulator, "DELETE", "/persongroups/employees", SOURCE)
    done = program.run("diff", str(archive), "-q")
    assert (done.status, done.out) == (5, "")
    assert "PersonGroupNotFound" in done.err
