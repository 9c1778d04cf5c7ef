"""Add to an existing object what it lacks, retry what was refused, and rebuild as another type."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from facesnap_cli.common.escape import counted
from facesnap_cli.display.sentences import import_sentence
from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, LinkedClock, Program
from tests.support.archives import exported, face_ids, persons
from tests.support.families import first_quick, slow
from tests.support.service import call, posts

SOURCE, TARGET = SOURCE_KEYS[0], TARGET_KEYS[0]
GROUP = "/persongroups/employees"
QUIET = ("-q", "-o", "json")
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def archive(program: Program, emulator: RunningEmulator) -> Path:
    return exported(program, emulator, "PersonGroup", "employees")


def contents(emulator: RunningEmulator, key: str) -> dict[str, tuple[str, ...]]:
    """Return the faces of each person, by the person's id."""
    found = persons(emulator, "PersonGroup", "employees", key)
    return {person["personId"]: tuple(person["persistedFaceIds"]) for person in found}


def delete_person(emulator: RunningEmulator, key: str) -> dict[str, str]:
    """Delete a person who has a face, and return the person."""
    person: dict[str, str] = next(
        found for found in persons(emulator, "PersonGroup", "employees", key) if found["persistedFaceIds"]
    )
    call(emulator, "DELETE", f"{GROUP}/persons/{person['personId']}", key)
    return person


def test_a_deleted_person_is_put_back_into_the_live_group_and_nothing_else_changes(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    gone = delete_person(emulator, SOURCE)
    new = call(emulator, "POST", f"{GROUP}/persons", SOURCE, {"name": gone["name"]})["personId"]
    before, ids = contents(emulator, SOURCE), program.directory / "ids.csv"
    trainings = posts(emulator, "/train")
    done = program.run("import", str(archive), "--into", "--id-map", str(ids), *QUIET)
    assert (done.status, done.err) == (0, "")
    assert (done.json["personsAdded"], done.json["facesAdded"]) == (1, len(gone["persistedFaceIds"]))
    assert import_sentence(done.json, NOW).text.startswith(
        f"1 person and {counted(len(gone['persistedFaceIds']), 'face')} added to PersonGroup source:employees"
    )
    assert [one["faces"] for one in done.json["detectionModels"]] == [len(gone["persistedFaceIds"])]
    after = contents(emulator, SOURCE)
    assert {person: after.pop(person) for person in before} == before
    [(restored, faces)] = after.items()
    assert restored not in (gone["personId"], new)
    assert len(faces) == len(gone["persistedFaceIds"])
    assert posts(emulator, "/train") == trainings + 1
    with ids.open(newline="") as file:
        mapped = {row["oldId"]: row["newId"] for row in csv.DictReader(file) if row["kind"] == "person"}
    assert mapped[gone["personId"]] == restored
    again = program.run("import", str(archive), "--into", *QUIET)
    assert (again.status, again.json["personsAdded"], again.json["facesAdded"]) == (0, 0, 0)
    assert "PersonGroup source:employees lacks nothing of the archive" in import_sentence(again.json, NOW).text
    assert contents(emulator, SOURCE) == before | {restored: faces}
    assert posts(emulator, "/train") == trainings + 1


def test_one_person_is_added_and_the_others_stay_away(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    first, second = delete_person(emulator, SOURCE), delete_person(emulator, SOURCE)
    before = contents(emulator, SOURCE)
    assert program.run("import", str(archive), "--into", "--person", second["name"], *QUIET).status == 0
    assert len(contents(emulator, SOURCE)) == len(before) + 1
    assert program.run("import", str(archive), "--into", "--person", first["personId"], *QUIET).status == 0
    assert len(contents(emulator, SOURCE)) == len(before) + 2
    names = {person["name"] for person in persons(emulator, "PersonGroup", "employees")}
    assert {first["name"], second["name"]} <= names


def test_a_person_of_an_imported_copy_is_known_by_the_id_map(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    assert program.run("import", str(archive), "-p", "target", *QUIET).status == 0
    before = contents(emulator, TARGET)
    gone = delete_person(emulator, TARGET)
    done = program.run("import", str(archive), "-p", "target", "--into", *QUIET)
    assert (done.status, done.err) == (0, "")
    after = contents(emulator, TARGET)
    assert len(after) == len(before)
    assert {person for person in before if person in after} == set(before) - {gone["personId"]}


def test_persons_are_never_known_by_their_names(program: Program, emulator: RunningEmulator, archive: Path) -> None:
    call(emulator, "PUT", GROUP, TARGET, {"name": "Employees"})
    for person in persons(emulator, "PersonGroup", "employees"):
        call(emulator, "POST", f"{GROUP}/persons", TARGET, {"name": person["name"]})
    before = contents(emulator, TARGET)
    done = program.run("import", str(archive), "-p", "target", "--into", *QUIET)
    assert (done.status, done.out) == (6, "")
    assert "it is not known which persons" in done.err
    assert contents(emulator, TARGET) == before


def test_a_group_that_was_created_anew_is_left_alone(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    call(emulator, "DELETE", GROUP, SOURCE)
    call(emulator, "PUT", GROUP, SOURCE, {"name": "Employees"})
    call(emulator, "POST", f"{GROUP}/persons", SOURCE, {"name": "Ada"})
    done = program.run("import", str(archive), "--into", *QUIET)
    assert (done.status, done.out) == (6, "")
    assert len(contents(emulator, SOURCE)) == 1


def test_a_name_of_several_persons_is_2_with_their_ids(program: Program, emulator: RunningEmulator) -> None:
    ids = [call(emulator, "POST", f"{GROUP}/persons", SOURCE, {"name": "Twin"})["personId"] for _ in range(2)]
    archive = program.directory / "twins.facesnap"
    to = ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(archive), *QUIET)
    assert program.run(*to).status == 0
    requests = emulator.requests()["total"]
    done = program.run("import", str(archive), "--person", "Twin", "-i", "twins", "--partial", *QUIET)
    assert (done.status, done.out) == (2, "")
    assert all(person in done.err for person in ids)
    assert emulator.requests()["total"] == requests


def test_refused_faces_are_retried_by_as_many_requests(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "LargePersonGroup", "visitors")
    route = "POST /largepersongroups/*/persons/*/persistedfaces"
    emulator.faults({"route": route, "skip": 100, "count": 6, "status": 400, "code": "InvalidImage"})
    refused = program.run("import", str(archive), "-p", "target", *QUIET)
    assert (refused.status, len(refused.json["refused"])) == (11, 6)
    emulator.faults()
    gone = persons(emulator, "LargePersonGroup", "visitors", TARGET)[0]
    lost = {entry["id"] for entry in refused.json["refused"]}
    sent, before = posts(emulator, "/persistedfaces"), emulator.requests()["total"]
    done = program.run("import", str(archive), "-p", "target", "--retry-refused", *QUIET)
    assert (done.status, done.err, done.json["refused"]) == (0, "", [])
    assert posts(emulator, "/persistedfaces") - sent == len(lost) == 6
    assert emulator.requests()["total"] - before < 40
    assert gone["personId"] in {
        person["personId"] for person in persons(emulator, "LargePersonGroup", "visitors", TARGET)
    }
    assert len(face_ids(emulator, "LargePersonGroup", "visitors", TARGET)) == 302


@slow
def test_six_refused_faces_of_four_thousand_are_retried_by_fewer_than_forty_requests(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    group = {"type": "LargePersonGroup", "objectId": "staff", "name": "Staff", "count": 1000, "facesPerPerson": 4}
    seed.write_text(json.dumps({"objects": [group]}))
    with (
        running(EmulatorOptions(port=0, seed=str(seed), service="retired")) as emulator,
        closing(Program(tmp_path, LinkedClock(emulator), {"FACESNAP_API_VERSION": "v1.2"})) as program,
    ):
        program.configure(emulator.endpoint)
        archive = exported(program, emulator, "LargePersonGroup", "staff")
        route = "POST /largepersongroups/*/persons/*/persistedfaces"
        for place in range(6):
            emulator.faults(
                {"route": route, "skip": 600 * (place + 1), "count": 1, "status": 400, "code": "InvalidImage"}
            )
        refused = program.run("import", str(archive), "-p", "target", *QUIET)
        assert (refused.status, len(refused.json["refused"])) == (11, 6)
        emulator.faults()
        sent, before = posts(emulator, "/persistedfaces"), emulator.requests()["total"]
        done = program.run("import", str(archive), "-p", "target", "--retry-refused", *QUIET)
        assert (done.status, done.err, done.json["faces"], done.json["refused"]) == (0, "", 4000, [])
        assert posts(emulator, "/persistedfaces") - sent == 6
        assert emulator.requests()["total"] - before < 40
        assert len(face_ids(emulator, "LargePersonGroup", "staff", TARGET)) == 4000


def test_the_model_of_an_addition_is_that_of_the_object(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    other = ("--recognition-model", "recognition_03")
    assert program.run("import", str(archive), "-p", "target", *other, *QUIET).status == 0
    delete_person(emulator, TARGET)
    done = program.run("import", str(archive), "-p", "target", "--into", *QUIET)
    assert (done.status, done.json["recognitionModel"]) == (0, "recognition_03")


@pytest.mark.parametrize("kind", ["FaceList", "LargeFaceList"])
def test_a_deleted_face_of_a_list_is_put_back(program: Program, emulator: RunningEmulator, kind: str) -> None:
    name = "watchlist" if kind == "FaceList" else "archive"
    archive = exported(program, emulator, kind, name)
    before = face_ids(emulator, kind, name)
    call(emulator, "DELETE", f"/{kind.lower()}s/{name}/persistedfaces/{before[3]}", SOURCE)
    emulator.faults({"route": f"POST /{kind.lower()}s/*/persistedfaces", "count": 1, "drop": "after"})
    done = program.run("import", str(archive), "--into", *QUIET)
    assert (done.status, done.err) == (0, "")
    after = face_ids(emulator, kind, name)
    assert len(after) == len(before)
    assert set(before) - set(after) == {before[3]}


def test_without_an_import_there_is_nothing_to_retry(program: Program, archive: Path) -> None:
    done = program.run("import", str(archive), "--retry-refused", *QUIET)
    assert (done.status, done.out) == (5, "")


@pytest.mark.parametrize(
    "route",
    first_quick(
        [
            f"POST {GROUP}/persons/*/persistedfaces",
            f"POST {GROUP}/persons",
            f"POST {GROUP}/train",
            f"GET {GROUP}/persons",
        ]
    ),
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_response_adds_nothing_twice(
    program: Program, emulator: RunningEmulator, archive: Path, route: str, when: str
) -> None:
    gone = delete_person(emulator, SOURCE)
    call(emulator, "POST", f"{GROUP}/persons", SOURCE, {"name": gone["name"], "userData": "another person"})
    before = contents(emulator, SOURCE)
    emulator.faults({"route": route, "count": 1, "drop": when})
    done = program.run("import", str(archive), "--into", *QUIET)
    assert (done.status, done.err) == (0, "")
    after = contents(emulator, SOURCE)
    assert {person: after.pop(person) for person in before} == before
    assert [len(faces) for faces in after.values()] == [len(gone["persistedFaceIds"])]


def test_a_training_of_somebody_else_is_followed_by_one_that_knows_the_additions(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    delete_person(emulator, SOURCE)
    before = posts(emulator, "/train")
    emulator.faults(
        {"route": f"POST {GROUP}/train", "status": 409, "code": "PersonGroupTrainingNotFinished", "count": 2}
    )
    done = program.run("import", str(archive), "--into", *QUIET)
    assert (done.status, done.err, done.json["trainingStatus"]) == (0, "", "succeeded")
    assert posts(emulator, "/train") == before + 3


def test_a_person_group_is_rebuilt_as_a_large_one(program: Program, emulator: RunningEmulator, archive: Path) -> None:
    done = program.run("import", str(archive), "-p", "target", "--type", "LargePersonGroup", *QUIET)
    assert (done.status, done.err, done.json["type"]) == (0, "", "LargePersonGroup")
    source = contents(emulator, SOURCE)
    assert len(persons(emulator, "LargePersonGroup", "employees", TARGET)) == len(source)


def test_a_type_without_room_is_refused_before_anything_is_sent(
    program: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facesnap_cli.archives import archive_parameters
    from facesnap_cli.models.objects import ObjectType

    archive = exported(program, emulator, "LargePersonGroup", "visitors")
    monkeypatch.setattr(archive_parameters, "_LIMITS", {ObjectType.PERSON_GROUP: 299})
    before = emulator.requests()["total"]
    done = program.run("import", str(archive), "-p", "target", "--type", "PersonGroup", *QUIET)
    assert (done.status, done.out) == (2, "")
    assert "at most 299 persons" in done.err
    assert "300" in done.err
    assert emulator.requests()["total"] == before
