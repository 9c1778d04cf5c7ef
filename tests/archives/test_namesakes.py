"""Two persons of one name: neither gets the other's photos."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program, Result
from tests.support.archives import rows
from tests.support.service import call

GROUP = "/persongroups/team"
NAME = "John Smith"


@pytest.fixture
def namesakes(emulator: RunningEmulator) -> list[tuple[str, str]]:
    """A group of two persons of one name with a face each: the ids of persons and faces, in the order of the former."""
    call(emulator, "PUT", GROUP, SOURCE_KEYS[0], {"name": "Team"})
    made = []
    for number in range(2):
        person = call(emulator, "POST", f"{GROUP}/persons", SOURCE_KEYS[0], {"name": NAME})["personId"]
        path = f"{GROUP}/persons/{person}/persistedfaces"
        face = call(emulator, "POST", path, SOURCE_KEYS[0], emulator.image(f"{number:032x}"))["persistedFaceId"]
        made.append((person, face))
    return sorted(made)


def export(program: Program, images: Path) -> Result:
    target = str(program.directory / "x.facesnap")
    return program.run(
        "export", "-t", "PersonGroup", "-i", "team", "--to", target, "--images", str(images), "-o", "json", "-q"
    )


def contended(refused: Result) -> object:
    """Return the files that went to nobody, from the error of an export without any image."""
    return json.loads(refused.err)["error"]["matching"]["contended"]


def folder(program: Program, emulator: RunningEmulator, name: str, face: str) -> Path:
    made = program.directory / "images" / name
    made.mkdir(parents=True)
    (made / "a.png").write_bytes(emulator.image(face))
    return made


def test_a_folder_that_may_be_either_persons_is_nobodys(
    program: Program, emulator: RunningEmulator, namesakes: list[tuple[str, str]]
) -> None:
    shared = folder(program, emulator, NAME, namesakes[0][1])
    (first, _), (second, _) = namesakes
    for _ in range(2):  # the same command again does not take the one for done and the other for the only one
        done = export(program, shared.parent)
        assert (done.status, done.out) == (14, "")
        reason = f"it may be that of {NAME} ({first}) and {NAME} ({second})"
        assert contended(done) == [{"place": f"{shared}/a.png", "reason": reason}]
    shared.rename(shared.with_name(second))
    done = export(program, shared.parent)
    assert (done.status, done.json["facesWithImage"]) == (0, 1)
    assert rows(program.directory / "x.facesnap", "SELECT person_id FROM faces WHERE image > ''") == [(second,)]


def test_folders_by_personid_serve_both(
    program: Program, emulator: RunningEmulator, namesakes: list[tuple[str, str]]
) -> None:
    for person, face in namesakes:
        folder(program, emulator, person, face)
    done = export(program, program.directory / "images")
    assert (done.status, done.json["facesWithImage"], done.err) == (0, 2, "")


def test_a_manifests_row_that_may_be_either_persons_is_nobodys(
    program: Program, emulator: RunningEmulator, namesakes: list[tuple[str, str]]
) -> None:
    images = folder(program, emulator, "photos", namesakes[0][1])
    manifest = images / "manifest.csv"
    manifest.write_text(f"name,path\n{NAME},a.png\n")
    for _ in range(2):
        done = export(program, manifest)
        assert (done.status, done.out) == (14, "")
        (first, _), (second, _) = namesakes
        reason = f"it may be that of {NAME} ({first}) and {NAME} ({second})"
        assert contended(done) == [{"place": f"{manifest}, line 2: a.png", "reason": reason}]
