"""`inspect --missing` prints the faces without an image as a manifest that a person fills in."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program
from tests.support.archives import change, draw_images, exported, face_ids, persons, rows
from tests.support.service import call

SOURCE = SOURCE_KEYS[0]
COLUMNS = [
    *("person_id", "name", "user_data", "persisted_face_id", "path", "target_face", "detection_model"),
    "face_user_data",
]


@pytest.fixture
def archive(program: Program, emulator: RunningEmulator) -> Path:
    """An archive of the employees with the images of Ada alone."""
    [ada] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"] == "Ada Lovelace"]
    images = draw_images(emulator, ada["persistedFaceIds"], program.directory / "ada")
    return export(program, "PersonGroup", "employees", images)


def export(program: Program, object_type: str, object_id: str, images: Path) -> Path:
    made = program.directory / f"{object_id}-part.facesnap"
    command = ("export", "-t", object_type, "-i", object_id, "--to", str(made), "--images", str(images), "-q")
    assert program.run(*command, "-o", "none").status == 0
    return made


def manifest_of(program: Program, archive: Path) -> list[dict[str, str]]:
    done = program.run("inspect", "--missing", str(archive), "-q")
    assert (done.status, done.err) == (0, "")
    reader = csv.DictReader(io.StringIO(done.out, newline=""))
    found = list(reader)
    assert reader.fieldnames == COLUMNS
    return found


def test_each_face_without_an_image_has_a_row_with_its_person(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    found = manifest_of(program, archive)
    assert {row["persisted_face_id"] for row in found} == {
        face for (face,) in rows(archive, "SELECT face_id FROM faces WHERE image IS NULL")
    }
    assert [(row["name"], row["user_data"], row["face_user_data"]) for row in found] == [
        ("Grace Hopper", "badge 1906", "front"),
        ("Grace Hopper", "badge 1906", ""),
        *[("Žofia Ćwikła", '{"badge": 2001, "note": "smiles · often"}', "")] * 2,
    ]
    by_name = {one["name"]: one["personId"] for one in persons(emulator, "PersonGroup", "employees")}
    assert all(row["person_id"] == by_name[row["name"]] for row in found)
    assert {row["path"] for row in found} == {""}


def test_the_faces_of_a_list_have_rows_without_a_person(program: Program, emulator: RunningEmulator) -> None:
    faces = face_ids(emulator, "FaceList", "watchlist")
    images = draw_images(emulator, faces[1:], program.directory / "some")
    [row] = manifest_of(program, export(program, "FaceList", "watchlist", images))
    assert (row["person_id"], row["name"], row["user_data"], row["persisted_face_id"]) == ("", "", "", faces[0])


def test_names_with_commas_quotes_and_line_ends_come_back_as_they_are(
    program: Program, emulator: RunningEmulator
) -> None:
    name = 'Čapek, "Karel"\nand Josef'
    call(emulator, "PUT", "/persongroups/writers", SOURCE, {"name": "Writers"})
    person = call(emulator, "POST", "/persongroups/writers/persons", SOURCE, {"name": name})["personId"]
    path = f"/persongroups/writers/persons/{person}/persistedfaces"
    for image in ("1" * 32, "2" * 32):
        face = call(emulator, "POST", path, SOURCE, emulator.image(image))["persistedFaceId"]
    images = program.directory / "writers"
    images.mkdir()
    (images / f"{face}.png").write_bytes(emulator.image("2" * 32))
    [row] = manifest_of(program, export(program, "PersonGroup", "writers", images))
    assert row["name"] == name


def test_a_manifest_that_was_filled_in_gives_the_faces_their_images(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    found = manifest_of(program, archive)
    draw_images(emulator, [row["persisted_face_id"] for row in found], program.directory / "found")
    manifest = program.directory / "missing.csv"
    with manifest.open("w", newline="") as file:
        kept = [column for column in COLUMNS if column not in ("user_data", "face_user_data")]
        writer = csv.DictWriter(file, kept, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(row | {"path": f"found/{row['persisted_face_id']}.png"} for row in found)
    whole = program.directory / "whole.facesnap"
    command = ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(whole), "--images", str(manifest))
    done = program.run(*command, "--base", str(archive), "-q", "-o", "json")
    assert (done.status, done.json["facesWithImage"]) == (0, 7)
    assert done.err.startswith("warning: 3 images carried on from the base, for want of a file: ")


def test_rows_whose_path_is_not_filled_in_yet_are_counted(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    found = manifest_of(program, archive)
    draw_images(emulator, [found[0]["persisted_face_id"]], program.directory / "found")
    manifest = program.directory / "missing.csv"
    with manifest.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows([found[0] | {"path": f"found/{found[0]['persisted_face_id']}.png"}, *found[1:]])
    whole = program.directory / "whole.facesnap"
    command = ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(whole), "--images", str(manifest))
    done = program.run(*command, "-q", "-o", "json")
    assert (done.status, done.json["facesWithImage"]) == (0, 1)
    assert done.json["matching"]["rowsWithoutPath"] == len(found) - 1
    assert f"{len(found) - 1} rows of {manifest} have no path yet" in done.err


def test_an_archive_with_all_images_has_a_manifest_without_rows(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    done = program.run("inspect", "--missing", str(archive))
    assert (done.status, done.out) == (0, ",".join(COLUMNS) + "\n")
    assert done.err == "every face has an image\n"


def test_programs_get_the_missing_faces_as_json_and_ids(program: Program, archive: Path) -> None:
    found = program.run("inspect", "--missing", str(archive), "-o", "json").json
    assert set(found[0]) == {"personId", "name", "userData", "persistedFaceId", "faceUserData"}
    assert found[1]["faceUserData"] is None
    ids = program.run("inspect", "--missing", str(archive), "-o", "id").out.split()
    assert ids == [one["persistedFaceId"] for one in found]
    queried = program.run("inspect", "--missing", str(archive), "--query", "length(@)")
    assert queried.out == f"{len(ids)}\n"


def test_a_damaged_archive_has_no_manifest_if_it_is_checked(program: Program, archive: Path) -> None:
    change(archive, "UPDATE persons SET name = 'Eve' WHERE name = 'Grace Hopper'")
    assert program.run("inspect", "--missing", "--check", str(archive)).status == 13
