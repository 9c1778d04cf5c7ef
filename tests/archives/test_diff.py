"""What has changed between two archives, or between an archive and the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program
from tests.support.archives import ALL_TYPES, draw_images, exported, face_ids, persons, rows
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
    images = draw_images(emulator, face_ids(emulator, "PersonGroup", "employees"), program.directory / "images")
    command = ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(tuesday), "--images", str(images))
    assert program.run(*command).status == 0
    done = program.run("diff", str(monday), str(tuesday), "-o", "tsv")
    assert (done.status, done.out) == (14, f"changed\tface\t{face}\tAda Lovelace\tuserData\tfront\ten face\n")


def export_again(program: Program, name: str, images: Path) -> Path:
    """Export the employees again, with the images in a directory."""
    archive = program.directory / name
    command = ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(archive), "--images", str(images), "-q")
    assert program.run(*command).status == 0
    return archive


def test_images_are_compared_face_by_face_and_counted(program: Program, emulator: RunningEmulator) -> None:
    monday = exported(program, emulator, "PersonGroup", "employees")
    faces = sorted(face_ids(emulator, "PersonGroup", "employees"))
    images = draw_images(emulator, faces, program.directory / "other")
    replaced, lost, kept, *_ = faces
    (images / f"{replaced}.png").write_bytes(emulator.image("0" * 32))
    (images / f"{lost}.png").unlink()
    tuesday = export_again(program, "tuesday.facesnap", images)
    before, after = (dict(rows(archive, "SELECT face_id, image FROM faces")) for archive in (monday, tuesday))
    assert before[kept] == after[kept]
    for older, newer, change in ((monday, tuesday, "lost"), (tuesday, monday, "gained")):
        done = program.run("diff", str(older), str(newer), "-o", "json")
        old, new = (before, after) if older is monday else (after, before)
        assert done.status == 14
        assert [(one["id"], one["what"], one["old"], one["new"]) for one in done.json] == [
            (face, "image", old[face], new[face]) for face in (replaced, lost)
        ]
        assert f"2 differences (images: 1 replaced, 1 {change})" in done.err


def test_another_rectangle_in_the_same_image_is_a_difference(program: Program, emulator: RunningEmulator) -> None:
    face, *_ = sorted(face_ids(emulator, "PersonGroup", "employees"))
    images = draw_images(emulator, [face], program.directory / "other")
    archives = []
    for name, target in (("monday", "0,0,50,50"), ("tuesday", "50,0,50,50")):
        manifest = program.directory / f"{name}.csv"
        manifest.write_text(f'persisted_face_id,path,target_face\n{face},{images / face}.png,"{target}"\n')
        archives.append(str(export_again(program, f"{name}.facesnap", manifest)))
    done = program.run("diff", *archives, "-o", "json")
    [found] = done.json
    assert (done.status, found["id"], found["what"]) == (14, face, "targetFace")
    assert (found["old"], found["new"]) == ("0,0,50,50", "50,0,50,50")


@pytest.mark.parametrize(("object_type", "object_id"), [ALL_TYPES[0], ALL_TYPES[3]])
def test_a_comparison_with_the_service_says_once_that_images_are_left_out(
    program: Program, emulator: RunningEmulator, object_type: str, object_id: str
) -> None:
    archive = exported(program, emulator, object_type, object_id)
    done = program.run("diff", str(archive), "-o", "json")
    assert (done.status, done.json) == (0, [])
    assert done.err.count("images are not compared") == 1


def test_a_comparison_of_an_archive_without_images_has_nothing_to_leave_out(
    program: Program, emulator: RunningEmulator
) -> None:
    bare = program.directory / "bare.facesnap"
    assert program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(bare), "-q").status == 0
    done = program.run("diff", str(bare), "-o", "json")
    assert (done.status, done.json) == (0, [])
    assert "images are not compared" not in done.err


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
