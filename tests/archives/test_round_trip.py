"""From the service into a file and from there into another subscription: nothing is lost, and it recognizes."""

from __future__ import annotations

import csv
import json
import re

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, Program
from tests.support.archives import ALL_TYPES, candidates, exported, face_ids, persons, rows
from tests.support.service import call

TARGET = TARGET_KEYS[0]


@pytest.mark.parametrize(("object_type", "object_id"), ALL_TYPES)
def test_every_image_is_recognized_in_the_copy_as_the_new_id_that_the_map_gives(
    program: Program, emulator: RunningEmulator, object_type: str, object_id: str
) -> None:
    archive, ids = exported(program, emulator, object_type, object_id), program.directory / "ids.csv"
    done = program.run("import", str(archive), "-p", "target", "-i", "copy", "--id-map", str(ids), "-o", "json", "-q")
    assert (done.status, done.err) == (0, "")
    [(model,)] = rows(archive, "SELECT recognition_model FROM object")
    with ids.open(newline="") as file:
        mapped = {row["oldId"]: row for row in csv.DictReader(file)}
    for face_id, person_id in rows(archive, "SELECT face_id, person_id FROM faces ORDER BY face_id LIMIT 25"):
        expected = mapped[face_id]["personId" if person_id else "newId"]
        assert candidates(emulator, object_type, "copy", model, emulator.image(face_id)) == [expected]
        assert person_id is None or mapped[person_id]["newId"] == expected


@pytest.mark.parametrize(("object_type", "object_id"), ALL_TYPES[:2])
def test_the_copy_of_a_group_has_the_same_persons_with_the_same_faces_user_data(
    program: Program, emulator: RunningEmulator, object_type: str, object_id: str
) -> None:
    archive = exported(program, emulator, object_type, object_id)
    done = program.run("import", str(archive), "-p", "target", "-i", "copy", "--verify", "full", "-o", "json", "-q")
    assert (done.status, done.err) == (0, "")
    assert described(emulator, object_type, "copy", TARGET) == described(
        emulator, object_type, object_id, SOURCE_KEYS[0]
    )


@pytest.mark.parametrize(("object_type", "object_id"), ALL_TYPES)
def test_the_copy_has_the_name_user_data_and_model_of_its_source(
    program: Program, emulator: RunningEmulator, object_type: str, object_id: str
) -> None:
    archive = exported(program, emulator, object_type, object_id)
    program.run("import", str(archive), "-p", "target", "-i", "copy")
    path = f"/{object_type.lower()}s/{{}}?returnRecognitionModel=true"
    source = call(emulator, "GET", path.format(object_id), SOURCE_KEYS[0])
    copy = call(emulator, "GET", path.format("copy"), TARGET)
    same = ("name", "userData", "recognitionModel")
    assert {key: copy.get(key) for key in same} == {key: source[key] for key in same}
    assert len(face_ids(emulator, object_type, "copy", TARGET)) == len(face_ids(emulator, object_type, object_id))


def test_an_import_upgrades_the_recognition_model_where_it_is_told_to(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "LargePersonGroup", "visitors")
    done = program.run(
        "import", str(archive), "-p", "target", "--recognition-model", "recognition_04", "-o", "json", "-q"
    )
    assert (done.status, done.err, done.json["recognitionModel"]) == (0, "", "recognition_04")
    face = face_ids(emulator, "LargePersonGroup", "visitors")[0]
    found = candidates(emulator, "LargePersonGroup", "visitors", "recognition_04", emulator.image(face))
    assert len(found) == 1


def test_faces_are_found_with_the_detection_model_that_the_import_names(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    done = program.run("import", str(archive), "-p", "target", "--detection-model", "detection_03", "-q", "-o", "none")
    assert (done.status, done.out, done.err) == (0, "", "")
    added = [one["query"] for one in emulator.requests()["requests"] if one["method"] == "POST" and one["query"]]
    assert len(added) == 7
    assert all("detectionModel=detection_03" in query for query in added)


def test_the_id_map_can_be_json(program: Program, emulator: RunningEmulator) -> None:
    archive, ids = exported(program, emulator, "PersonGroup", "employees"), program.directory / "ids.json"
    done = program.run("import", str(archive), "-p", "target", "--id-map", str(ids), "-q", "-o", "id")
    assert (done.status, done.out, done.err) == (0, "employees\n", "")
    entries = json.loads(ids.read_text())
    assert [entry["kind"] for entry in entries] == ["person"] * 3 + ["face"] * 7
    assert {entry["newId"] for entry in entries if entry["kind"] == "person"} == {
        person["personId"] for person in persons(emulator, "PersonGroup", "employees", TARGET)
    }


def test_an_id_map_of_another_kind_is_refused_before_anything_is_sent(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    before = emulator.requests()["total"]
    done = program.run("import", str(archive), "-p", "target", "--id-map", "ids.xlsx")
    assert (done.status, done.out) == (2, "")
    assert ".csv or .json" in done.err
    assert emulator.requests()["total"] == before


def test_an_object_without_faces_is_rebuilt_untrained(program: Program, emulator: RunningEmulator) -> None:
    call(emulator, "PUT", "/persongroups/empty", SOURCE_KEYS[0], {"name": "Nobody"})
    archive = exported(program, emulator, "PersonGroup", "empty")
    done = program.run("import", str(archive), "-p", "target", "-o", "json", "-q")
    assert (done.status, done.err) == (0, "")
    assert (done.json["persons"], done.json["faces"], done.json["trainingStatus"]) == (0, 0, None)


def described(emulator: RunningEmulator, object_type: str, object_id: str, key: str) -> list[list[str]]:
    """Return what there is of each person but the ids."""
    path = f"/{object_type.lower()}s/{object_id}/persons"
    return sorted(
        [
            str(person["name"]),
            str(person.get("userData")),
            *sorted(
                str(call(emulator, "GET", f"{path}/{person['personId']}/persistedfaces/{face}", key).get("userData"))
                for face in person["persistedFaceIds"]
            ),
        ]
        for person in persons(emulator, object_type, object_id, key)
    )


def test_an_export_and_an_import_estimate_their_calls_before_they_start(
    program: Program, emulator: RunningEmulator
) -> None:
    def calls_of(*command: str) -> tuple[str, int, int]:
        """Return the words of the estimate, the calls that it names, and those that were made."""
        before = len(emulator.requests()["requests"])
        done = program.run(*command, "-o", "none")
        assert done.status == 0
        [found] = re.findall(r"^(.*): about (\d+) calls, [1-9]\d*s at \d\.\d/s$", done.err, re.MULTILINE)
        return found[0], int(found[1]), len(emulator.requests()["requests"]) - before

    archive, to = exported(program, emulator, "PersonGroup", "employees"), str(program.directory / "new.facesnap")
    config = program.directory / "config.toml"
    program.write_config(config.read_text().replace('"none"', '"10/s"'))
    what, estimated, made = calls_of("export", "-t", "PersonGroup", "-i", "employees", "--to", to)
    assert (what, estimated) == ("export of 3 persons of employees", made)
    what, estimated, made = calls_of("import", str(archive), "-p", "target")
    assert what == "import of 10 persons and faces into employees"
    assert abs(estimated - made) < 5
