"""What an import sends: the archive's own images, with the model that applies; and what it verifies of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from facesnap_cli.archives.archive import Archive
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TARGET_KEYS, Program
from tests.support.archives import change, draw_images, exported, face_ids, persons, rows
from tests.support.service import call, post_calls, posts

TARGET = TARGET_KEYS[0]


def sent_models(emulator: RunningEmulator) -> list[str]:
    """Return the query of each face that was added."""
    return [str(one["query"]) for one in post_calls(emulator, "/persistedfaces")]


def with_models(program: Program, emulator: RunningEmulator, *models: str) -> Path:
    """Return an archive of the employees with a detection model for each face, "" for none."""
    faces = sorted(face_ids(emulator, "PersonGroup", "employees"))
    images = draw_images(emulator, faces, program.directory / "photos")
    manifest = program.directory / "photos.csv"
    lines = [f"{face},{images / face}.png,{model}" for face, model in zip(faces, models, strict=True)]
    manifest.write_text("\n".join(["persisted_face_id,path,detection_model", *lines, ""]))
    made = program.directory / "models.facesnap"
    command = ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(made), "--images", str(manifest), "-q")
    assert program.run(*command).status == 0
    return made


def test_without_a_name_the_services_default_applies_and_is_told_before_anything_is_sent(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    before = len(sent_models(emulator))
    emulator.faults({"route": "PUT /persongroups/employees", "status": 403, "code": "Unspecified", "message": "no"})
    failed = program.run("import", str(archive), "-p", "target")
    assert failed.status == 4
    assert "detection model: detection_01 for 7 faces (the service's default)" in failed.err
    emulator.faults()
    done = program.run("import", str(archive), "-p", "target", "-o", "json", "-q")
    assert done.json["detectionModels"] == [{"model": "detection_01", "namedBy": "default", "faces": 7}]
    sent = sent_models(emulator)[before:]
    assert len(sent) == 7
    assert not any("detectionModel" in query for query in sent)


def test_the_archive_names_models_for_some_faces(program: Program, emulator: RunningEmulator) -> None:
    archive = with_models(program, emulator, *["detection_03"] * 3, *["detection_02"], *[""] * 3)
    done = program.run("import", str(archive), "-p", "target", "-o", "json")
    assert done.status == 0
    assert (
        "detection model: detection_01 for 3 faces (the service's default), detection_02 for 1 face (the archive),"
        " detection_03 for 3 faces (the archive)" in done.err
    )
    assert [(one["model"], one["namedBy"], one["faces"]) for one in done.json["detectionModels"]] == [
        ("detection_01", "default", 3),
        ("detection_02", "archive", 1),
        ("detection_03", "archive", 3),
    ]
    sent = sent_models(emulator)[-7:]
    assert sum("detectionModel=detection_03" in query for query in sent) == 3
    assert sum("detectionModel=detection_02" in query for query in sent) == 1
    assert sum("detectionModel" in query for query in sent) == 4


def test_the_users_model_goes_before_the_archives(program: Program, emulator: RunningEmulator) -> None:
    archive = with_models(program, emulator, *["detection_03"] * 7)
    done = program.run("import", str(archive), "-p", "target", "--detection-model", "detection_02", "-o", "json")
    assert done.status == 0
    assert "detection model: detection_02 for 7 faces (--detection-model)" in done.err
    assert done.json["detectionModels"] == [{"model": "detection_02", "namedBy": "option", "faces": 7}]
    assert all("detectionModel=detection_02" in query for query in sent_models(emulator)[-7:])


def test_an_import_without_images_names_no_detection_model(program: Program) -> None:
    bare = program.directory / "bare.facesnap"
    assert program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(bare), "-q").status == 0
    done = program.run("import", str(bare), "-p", "target", "--partial", "-o", "json")
    assert (done.status, done.json["detectionModels"]) == (0, [])
    assert "detection model" not in done.err


def test_an_image_that_changes_after_the_archive_was_checked_is_not_sent(
    program: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = exported(program, emulator, "FaceList", "watchlist")
    [(digest,)] = rows(archive, "SELECT image FROM faces ORDER BY face_id LIMIT 1")
    checked = Archive.check

    def check(self: Archive) -> None:
        checked(self)
        self.connection.execute("PRAGMA shrink_memory")  # no page that was read before the change is read again
        change(archive, "UPDATE images SET content = ? WHERE sha256 = ?", emulator.image("0" * 32), digest)

    monkeypatch.setattr(Archive, "check", check)
    before = posts(emulator, "/persistedfaces")
    done = program.run("import", str(archive), "-p", "target", "-q")
    assert (done.status, done.out) == (13, "")
    assert f"the image {digest[:16]}… does not fit its SHA-256" in done.err
    assert posts(emulator, "/persistedfaces") == before


def test_a_person_with_fewer_faces_than_were_added_fails_the_verification(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    emulator.faults({"route": "POST /persongroups/copy/train", "status": 500, "code": "Unspecified", "message": "no"})
    assert program.run("import", str(archive), "-p", "target", "-i", "copy", "-q").status != 0
    emulator.faults()
    [ada] = [one for one in persons(emulator, "PersonGroup", "copy", TARGET) if one["name"] == "Ada Lovelace"]
    path = f"/persongroups/copy/persons/{ada['personId']}/persistedfaces/{ada['persistedFaceIds'][0]}"
    call(emulator, "DELETE", path, TARGET)
    done = program.run("import", str(archive), "-p", "target", "-i", "copy", "-q")
    assert (done.status, done.out) == (14, "")
    assert f"person {ada['personId']}: no face {ada['persistedFaceIds'][0]}" in done.err
