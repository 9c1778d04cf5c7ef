"""User data that is an empty text is not the same as none: in archives, in copies and in comparisons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from facesnap_cli.emulator.protocol.dialects import Dialect
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, Program
from tests.support.archives import draw_images, rows
from tests.support.service import call

SOURCE, TARGET = SOURCE_KEYS[0], TARGET_KEYS[0]
GROUP = "/persongroups/texts"
TEXTS = ("", None)


@pytest.fixture
def archive(program: Program, emulator: RunningEmulator) -> Path:
    """An archive of a group with empty user data and none, of itself, two persons, and two faces of each."""
    call(emulator, "PUT", GROUP, SOURCE, {"name": "Texts", "userData": ""})
    images = program.directory / "photos"
    for number, text in enumerate(TEXTS):
        body = {"name": f"person {number}"} | ({} if text is None else {"userData": text})
        person = call(emulator, "POST", f"{GROUP}/persons", SOURCE, body)["personId"]
        for place, of_face in enumerate(TEXTS):
            drawn = f"{number}{place}".ljust(32, "0")
            path = f"{GROUP}/persons/{person}/persistedfaces" + ("" if of_face is None else "?userData=")
            face = call(emulator, "POST", path, SOURCE, emulator.image(drawn))["persistedFaceId"]
            draw_images(emulator, [drawn], images)
            (images / f"{drawn}.png").rename(images / f"{face}.png")
    made = program.directory / "texts.facesnap"
    done = program.run("export", "-t", "PersonGroup", "-i", "texts", "--to", str(made), "--images", str(images), "-q")
    assert (done.status, done.err) == (0, "")
    return made


def described(emulator: RunningEmulator, key: str) -> list[Any]:
    """Return the user data of the group, of each person by name, and of the person's faces."""
    head = call(emulator, "GET", GROUP, key)
    found: list[Any] = [head.get("userData", "absent")]
    for person in sorted(call(emulator, "GET", f"{GROUP}/persons", key), key=lambda person: str(person["name"])):
        path = f"{GROUP}/persons/{person['personId']}/persistedfaces"
        faces = [call(emulator, "GET", f"{path}/{face}", key) for face in person["persistedFaceIds"]]
        texts = sorted(face.get("userData", "absent") for face in faces)
        found.append((person.get("userData", "absent"), texts))
    return found


def test_an_archive_tells_empty_user_data_from_none(archive: Path) -> None:
    assert rows(archive, "SELECT user_data FROM object") == [("",)]
    assert rows(archive, "SELECT user_data FROM persons ORDER BY name") == [("",), (None,)]
    query = "SELECT f.user_data FROM faces AS f JOIN persons AS p USING (person_id) ORDER BY p.name, f.user_data"
    assert rows(archive, query) == [(None,), ("",)] * 2


def test_an_import_sends_empty_user_data_and_leaves_none_out(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    done = program.run("import", str(archive), "-p", "target", "--verify", "full", "-q", "-o", "none")
    assert (done.status, done.err) == (0, "")
    expected = ["", ("", ["", "absent"]), ("absent", ["", "absent"])]
    assert described(emulator, SOURCE) == expected
    assert described(emulator, TARGET) == expected


@pytest.mark.parametrize("object_type", ["FaceList", "LargeFaceList"])
def test_the_faces_of_a_list_keep_empty_user_data(
    program: Program, emulator: RunningEmulator, object_type: str
) -> None:
    path = f"/{object_type.lower()}s/texts"
    call(emulator, "PUT", path, SOURCE, {"name": "Texts"})
    call(emulator, "POST", f"{path}/persistedfaces?userData=", SOURCE, emulator.image("1" * 32))
    call(emulator, "POST", f"{path}/persistedfaces", SOURCE, emulator.image("2" * 32))
    made = program.directory / "texts.facesnap"
    assert program.run("export", "-t", object_type, "-i", "texts", "--to", str(made), "-q").status == 0
    assert sorted(rows(made, "SELECT coalesce(user_data, 'absent') FROM faces")) == [("",), ("absent",)]


def forget_empty_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a service that returns empty user data as absent."""

    def members(self: Dialect, document: dict[str, object | None]) -> dict[str, object | None]:
        return {key: value for key, value in document.items() if value not in (None, "")}

    monkeypatch.setattr(Dialect, "members", members)


def test_a_service_that_returns_empty_user_data_as_absent_is_noted_by_an_import(
    program: Program, emulator: RunningEmulator, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_empty_texts(monkeypatch)
    done = program.run("import", str(archive), "-p", "target", "--verify", "full", "-o", "id")
    assert (done.status, done.out) == (0, "texts\n")
    assert '4 texts of user data, empty ("") in the archive, absent in the service' in done.err  # group, person, faces


def test_user_data_where_the_archive_has_none_fails_the_verification(
    program: Program, emulator: RunningEmulator, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.faults({"route": f"POST {GROUP}/train", "status": 500, "code": "Unspecified", "message": "no"})
    assert program.run("import", str(archive), "-p", "target", "-q").status != 0
    emulator.faults()
    [person] = [one for one in call(emulator, "GET", f"{GROUP}/persons", TARGET) if one["name"] == "person 1"]
    call(emulator, "PATCH", f"{GROUP}/persons/{person['personId']}", TARGET, {"userData": ""})
    done = program.run("import", str(archive), "-p", "target", "-q")
    assert (done.status, done.out) == (14, "")
    assert f"person {person['personId']}: name or user data" in done.err


def test_diff_tells_empty_user_data_from_none(program: Program, emulator: RunningEmulator, archive: Path) -> None:
    [person] = [one for one in call(emulator, "GET", f"{GROUP}/persons", SOURCE) if one["name"] == "person 1"]
    assert program.run("diff", str(archive), "-q").status == 0
    call(emulator, "PATCH", f"{GROUP}/persons/{person['personId']}", SOURCE, {"userData": ""})
    later = program.directory / "later.facesnap"
    assert program.run("export", "-t", "PersonGroup", "-i", "texts", "--to", str(later), "-q").status == 0
    for arguments in ([], [str(later)]):
        done = program.run("diff", str(archive), *arguments, "-q", "-o", "json", "--query", "[?what=='userData']")
        [found] = done.json
        assert (done.status, found["id"], found["old"], found["new"]) == (14, person["personId"], None, "")


def test_diff_notes_a_service_that_returns_empty_user_data_as_absent(
    program: Program, emulator: RunningEmulator, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_empty_texts(monkeypatch)
    done = program.run("diff", str(archive), "-o", "json")
    assert (done.status, done.json) == (0, [])
    assert '2 texts of user data, empty ("") in the archive, absent in the service' in done.err  # group and person
