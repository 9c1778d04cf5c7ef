"""Which image shows which face: by folder, by user data, by manifest; and what an image must be."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facesnap_cli.archives.images.manifest import ImageManifest
from facesnap_cli.common.errors import UsageError
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program, Result
from tests.support.archives import persons, rows
from tests.support.service import call

# The user data of Ada's faces in the seed, by the order of their ids.
ADA = "Ada Lovelace"


@pytest.fixture
def faces(emulator: RunningEmulator) -> dict[str, list[str]]:
    """The ids of the faces of each of the employees, by name."""
    return {one["name"]: one["persistedFaceIds"] for one in persons(emulator, "PersonGroup", "employees")}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


def put(emulator: RunningEmulator, face: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(emulator.image(face))


def export(program: Program, images: Path) -> Result:
    target = str(program.directory / "x.facesnap")
    return program.run(
        "export", "-t", "PersonGroup", "-i", "employees", "--to", target, "--images", str(images), "-o", "json"
    )


def matched(program: Program) -> dict[str, bytes]:
    """Return the image of each face that has one."""
    query = "SELECT face_id, content FROM faces JOIN images ON sha256 = image"
    return dict(rows(program.directory / "x.facesnap", query))


def test_a_folder_by_persons_name_gives_its_images_to_the_persons_faces_in_order(
    program: Program, emulator: RunningEmulator, faces: dict[str, list[str]], images: Path
) -> None:
    for name, ids in faces.items():
        for number, face in enumerate(ids):
            put(emulator, face, images / name / f"{number}.png")
    done = export(program, images)
    assert (done.status, done.json["facesWithImage"]) == (0, 7)
    assert "warning" not in done.err
    assert matched(program) == {face: emulator.image(face) for ids in faces.values() for face in ids}


def test_a_folder_may_be_called_by_the_persons_id(
    program: Program, emulator: RunningEmulator, faces: dict[str, list[str]], images: Path
) -> None:
    [ada] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"] == ADA]
    for number, face in enumerate(faces[ADA]):
        put(emulator, face, images / ada["personId"] / f"{number}.png")
    assert export(program, images).json["facesWithImage"] == 3
    assert matched(program) == {face: emulator.image(face) for face in faces[ADA]}


def test_a_faces_user_data_names_its_file(
    program: Program, emulator: RunningEmulator, faces: dict[str, list[str]], images: Path
) -> None:
    front, left, right = faces[ADA]
    put(emulator, right, images / ADA / "right.PNG")
    put(emulator, left, images / "left.png")
    put(emulator, front, images / ADA / "zzz.png")
    done = export(program, images)
    assert (done.status, done.json["facesWithImage"]) == (0, 3)
    assert matched(program) == {face: emulator.image(face) for face in (front, left, right)}


def test_an_image_that_is_too_many_for_the_persons_faces_is_named(
    program: Program, emulator: RunningEmulator, faces: dict[str, list[str]], images: Path
) -> None:
    for number, face in enumerate([*faces["Grace Hopper"], faces[ADA][0]]):
        put(emulator, face, images / "Grace Hopper" / f"{number}.png")
    done = export(program, images)
    assert (done.status, done.json["facesWithImage"]) == (0, 2)
    assert f"warning: image of no face: {images / 'Grace Hopper' / '2.png'}" in done.err
    assert "5 of 7 faces have no image" in done.err


def test_a_person_whose_name_is_too_long_for_a_folder_has_no_folder(
    program: Program, emulator: RunningEmulator, faces: dict[str, list[str]], images: Path
) -> None:
    call(emulator, "POST", "/persongroups/employees/persons", SOURCE_KEYS[0], {"name": "Ż" * 128})
    [long] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"].startswith("ŻŻ")]
    path = f"/persongroups/employees/persons/{long['personId']}/persistedfaces?userData={'x' * 1000}"
    call(emulator, "POST", path, SOURCE_KEYS[0], emulator.image("0" * 32))
    put(emulator, faces[ADA][0], images / ADA / "a.png")
    done = export(program, images)
    assert (done.status, done.json["persons"], done.json["facesWithImage"]) == (0, 4, 1)


def test_user_data_never_leads_out_of_the_directory(
    program: Program, emulator: RunningEmulator, faces: dict[str, list[str]], images: Path
) -> None:
    put(emulator, faces[ADA][0], program.directory / "secret.png")
    [ada] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"] == ADA]
    for face, user_data in zip(
        faces[ADA], ("../secret.png", str(program.directory / "secret.png"), "x\0y"), strict=True
    ):
        path = f"/persongroups/employees/persons/{ada['personId']}/persistedfaces/{face}"
        call(emulator, "PATCH", path, SOURCE_KEYS[0], {"userData": user_data})
    put(emulator, faces["Grace Hopper"][0], images / "Grace Hopper" / "a.png")
    done = export(program, images)
    assert (done.status, list(matched(program))) == (0, faces["Grace Hopper"][:1])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"x" * 500, "less than 1 KB"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 6 * 1024 * 1024, "more than 6 MB"),
        (b"<html>" + b"x" * 5000, "not a JPEG, PNG, GIF or BMP image"),
    ],
    ids=["small", "large", "no image"],
)
def test_an_image_that_the_service_would_not_take_is_named_and_left_out(
    program: Program, emulator: RunningEmulator, faces: dict[str, list[str]], images: Path, content: bytes, reason: str
) -> None:
    put(emulator, faces[ADA][0], images / f"{faces[ADA][0]}.png")
    (images / f"{faces[ADA][1]}.png").write_bytes(content)
    done = export(program, images)
    assert (done.status, done.json["facesWithImage"]) == (11, 1)
    assert f"image not used: {images / faces[ADA][1]}.png: {reason}" in done.err


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("JPEG", b"\xff\xd8\xff\xe0"), ("GIF", b"GIF89a"), ("BMP", b"BM" + struct.pack("<I", 2000))],
)
def test_the_formats_of_the_service_are_known(
    program: Program, faces: dict[str, list[str]], images: Path, name: str, beginning: bytes
) -> None:
    (images / f"{faces[ADA][0]}.jpg").write_bytes(beginning + bytes(2000))
    assert export(program, images).status == 0
    assert rows(program.directory / "x.facesnap", "SELECT format FROM images") == [(name,)]


def test_a_manifest_names_faces_persons_and_how_to_find_the_face(
    program: Program, emulator: RunningEmulator, faces: dict[str, list[str]], images: Path
) -> None:
    [grace] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"] == "Grace Hopper"]
    lines = ["person_id,name,persisted_face_id,path,target_face,detection_model"]
    for number, face in enumerate(faces[ADA]):
        put(emulator, face, images / f"ada {number}.png")
        lines.append(f',,{face.upper()},ada {number}.png,"0,0,64,64",detection_03')
    for number, face in enumerate(grace["persistedFaceIds"]):
        put(emulator, face, images / "g" / f"{number}.png")
        lines.append(f"{grace['personId']},,,g/{number}.png,,")
    for number, face in enumerate(faces["Žofia Ćwikła"]):
        put(emulator, face, images / f"ž{number}.png")
        lines.append(f",Žofia Ćwikła,,ž{number}.png,,")
    manifest = images / "manifest.csv"
    manifest.write_text("\n".join(lines), encoding="utf-8")
    done = export(program, manifest)
    assert (done.status, done.json["facesWithImage"]) == (0, 7)
    assert matched(program) == {face: emulator.image(face) for ids in faces.values() for face in ids}
    query = "SELECT DISTINCT target_face, detection_model FROM faces WHERE target_face NOT NULL"
    assert rows(program.directory / "x.facesnap", query) == [("0,0,64,64", "detection_03")]


def test_target_face_and_detection_model_go_with_the_image_to_the_service(
    program: Program, emulator: RunningEmulator, faces: dict[str, list[str]], images: Path
) -> None:
    put(emulator, faces[ADA][0], images / "a.png")
    manifest = images / "manifest.csv"
    manifest.write_text(
        f'persisted_face_id,path,target_face,detection_model\n{faces[ADA][0]},a.png,"1,2,30,40",detection_02'
    )
    assert export(program, manifest).status == 0
    done = program.run("import", str(program.directory / "x.facesnap"), "-p", "target", "--partial", "-q", "-o", "json")
    assert (done.status, done.json["faces"], done.json["facesWithoutImage"]) == (0, 1, 6)
    [query] = [one["query"] for one in emulator.requests()["requests"] if "targetFace" in one["query"]]
    assert "targetFace=1,2,30,40" in query
    assert "detectionModel=detection_02" in query


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: no column path"),
        ("path,colour\n", "line 1: no column says whose the images are"),
        ("name,path\nAda Lovelace,a\0.png\n", "line 2: the path has a NUL character"),
        ("name,path\n,a.png\n", "line 2: whose image is it?"),
        ("name,path,target_face\nAda Lovelace,a.png,left\n", "line 2: target_face is left,top,width,height"),
        ("name,path,target_face\nAda Lovelace,a.png,1,2,3,4\n", "line 2: more values than columns"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused_with_the_line(
    program: Program, emulator: RunningEmulator, images: Path, text: str, complaint: str
) -> None:
    manifest = images / "manifest.csv"
    manifest.write_text(text)
    done = export(program, manifest)
    assert (done.status, done.out) == (2, "")
    assert complaint in done.err
    assert emulator.requests()["total"] == 0


def test_rows_of_a_manifest_that_fit_no_face_are_named(
    program: Program, emulator: RunningEmulator, images: Path, faces: dict[str, list[str]]
) -> None:
    manifest = images / "manifest.csv"
    put(emulator, faces[ADA][0], images / "b.png")
    manifest.write_text(f"name,path\nNobody,a.png\n{ADA},b.png\n")
    done = export(program, manifest)
    assert (done.status, done.json["facesWithImage"]) == (0, 1)
    assert f"image of no face: {manifest}, line 2: a.png" in done.err


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from('path,name"\n\r0123456789 é\0')))
def test_any_manifest_is_either_read_or_refused_with_its_line(tmp_path: Path, text: str) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(text, encoding="utf-8", newline="")
    complaint = str(manifest)
    try:
        ImageManifest.read(manifest)
    except UsageError as error:
        complaint = error.message
    assert complaint.startswith(str(manifest))


@pytest.mark.parametrize("place", [ADA, "elsewhere"])
def test_a_linked_directory_does_not_lead_out_of_the_directory(
    program: Program, emulator: RunningEmulator, faces: dict[str, list[str]], images: Path, place: str
) -> None:
    others = program.directory / "others"
    put(emulator, faces[ADA][0], others / f"{faces[ADA][0]}.png")
    put(emulator, faces[ADA][1], others / "secret.png")
    images.mkdir(exist_ok=True)
    (images / place).symlink_to(others)
    call(emulator, "POST", "/persongroups/employees/persons", SOURCE_KEYS[0], {"name": "elsewhere"})
    [person] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"] == "elsewhere"]
    path = f"/persongroups/employees/persons/{person['personId']}/persistedfaces?userData=elsewhere/secret.png"
    call(emulator, "POST", path, SOURCE_KEYS[0], emulator.image("0" * 32))
    put(emulator, faces["Grace Hopper"][0], images / "Grace Hopper" / "a.png")
    done = export(program, images)
    assert (done.status, list(matched(program))) == (0, faces["Grace Hopper"][:1])


def test_a_manifest_that_is_a_pipe_or_names_one_does_not_hang(
    program: Program, faces: dict[str, list[str]], images: Path
) -> None:
    pipe, manifest = program.directory / "m.csv", program.directory / "real.csv"
    os.mkfifo(pipe)
    done = export(program, pipe)
    assert (done.status, done.out) == (2, "")
    assert "is not a regular file" in done.err
    manifest.write_text(f"name,path\n{ADA},m.csv\n")
    assert "is not a regular file" in export(program, manifest).err


def test_a_directory_that_is_not_there_is_refused(program: Program, emulator: RunningEmulator) -> None:
    done = export(program, program.directory / "nowhere")
    assert (done.status, done.out) == (2, "")
    assert "neither a directory nor a manifest" in done.err
    assert emulator.requests()["total"] == 0
