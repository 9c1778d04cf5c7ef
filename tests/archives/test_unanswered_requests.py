"""Answers that never come, refusals, throttling: nothing is added twice, nothing is left out."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from facesnap_cli.face_api.object_api import ObjectApi
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, Program
from tests.support.archives import exported, face_ids, persons, rows
from tests.support.service import call, posts
from tests.support.waiting import PATIENCE_S

TARGET = TARGET_KEYS[0]
PERSONS, FACES = "/largepersongroups/*/persons", "/largepersongroups/*/persistedfaces"


@pytest.mark.parametrize(
    "fault",
    [
        {"route": f"POST {PERSONS}", "drop": "after", "share": 0.1},
        {"route": f"POST {FACES}", "drop": "after", "share": 0.1},
        {"route": f"POST {FACES}", "truncate": 5, "share": 0.1},
        {"route": f"POST {FACES}", "status": 503, "share": 0.1},
        {"route": f"POST {PERSONS}", "drop": "before", "share": 0.1},
        {"route": "PUT /largepersongroups/*", "drop": "after", "count": 1},
        {"route": "POST /largepersongroups/*/train", "drop": "after", "count": 1},
        {"route": f"POST {FACES}", "status": 429, "share": 0.1, "retryAfter": 1},
    ],
    ids=lambda fault: " ".join(str(value) for value in fault.values()),
)
def test_an_import_comes_out_whole_and_without_duplicates_where_answers_go_missing(
    program: Program, emulator: RunningEmulator, fault: dict[str, object]
) -> None:
    archive = exported(program, emulator, "LargePersonGroup", "visitors")
    emulator.faults(fault)
    done = program.run("import", str(archive), "-p", "target", "-q", "-o", "json")
    emulator.faults()
    assert (done.status, done.err) == (0, "")
    assert (done.json["persons"], done.json["faces"], done.json["trainingStatus"]) == (300, 302, "succeeded")
    found = persons(emulator, "LargePersonGroup", "visitors", TARGET)
    names = sorted(person["name"] for person in persons(emulator, "LargePersonGroup", "visitors"))
    assert sorted(person["name"] for person in found) == names
    assert sum(len(person["persistedFaceIds"]) for person in found) == 302


def test_faces_of_different_persons_are_added_at_once_and_those_of_a_person_one_by_one(
    program: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    add_face, persons_at_once = ObjectApi.add_face, Counter[str]()
    others, have_met = threading.Barrier(2), threading.Event()

    def add(api: ObjectApi, *arguments: Any, person_id: str, **more: Any) -> str:
        persons_at_once[person_id] += 1
        assert persons_at_once[person_id] == 1
        with suppress(threading.BrokenBarrierError):
            if not have_met.is_set():
                others.wait(PATIENCE_S)  # for the face of another person
                have_met.set()
                others.abort()
        new_id = add_face(api, *arguments, person_id=person_id, **more)
        persons_at_once[person_id] -= 1
        return new_id

    monkeypatch.setattr(ObjectApi, "add_face", add)
    done = program.run("import", str(archive), "-p", "target", "-q", "-o", "json")
    assert (done.status, done.err, done.json["faces"], len(persons_at_once)) == (0, "", 7, 3)
    assert have_met.is_set()


def test_faces_of_a_list_whose_answers_go_missing_are_added_once(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "LargeFaceList", "archive")
    emulator.faults({"route": "POST /largefacelists/*/persistedfaces", "drop": "after", "share": 0.05})
    done = program.run("import", str(archive), "-p", "target", "-q", "-o", "json")
    assert (done.status, done.err, done.json["faces"]) == (0, "", 200)
    assert len(face_ids(emulator, "LargeFaceList", "archive", TARGET)) == 200


def test_an_export_reads_again_what_could_not_be_read(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "GET /largepersongroups/*", "status": 503, "share": 0.2})
    archive = program.directory / "visitors.facesnap"
    often = ("--max-retries", "12")  # with 4, one of 600 requests now and then meets the fault each time
    export_it = ("export", "-t", "LargePersonGroup", "-i", "visitors", "--to", str(archive), "-q", "-o", "json")
    done = program.run(*export_it, *often)
    assert (done.status, done.json["persons"], done.json["faces"]) == (0, 300, 302)
    assert rows(archive, "SELECT count(user_data) FROM faces") == [(0,)]


def test_a_service_that_keeps_failing_ends_the_import_and_the_same_command_goes_on(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "LargePersonGroup", "visitors")
    emulator.faults({"route": f"POST {FACES}", "status": 500, "skip": 100})
    failed = program.run("import", str(archive), "-p", "target", "-q")
    assert (failed.status, failed.out) == (10, "")
    assert f"to go on: facesnap import {archive} --object-id visitors --profile target" in failed.err
    emulator.faults()
    done = program.run("import", str(archive), "-p", "target", "-q", "-o", "json")
    assert (done.status, done.err, done.json["faces"]) == (0, "", 302)
    assert len(face_ids(emulator, "LargePersonGroup", "visitors", TARGET)) == 302


def test_a_refused_face_is_listed_with_the_reason_and_the_rest_is_rebuilt(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    fault = {"status": 400, "code": "InvalidImage", "message": "No face detected in the image.", "count": 2}
    emulator.faults({"route": "POST /persongroups/*/persistedfaces", **fault})
    done = program.run("import", str(archive), "-p", "target", "-o", "json", "-q")
    assert done.status == 11
    assert "refused 2 of its persons and faces" in done.err
    assert (done.json["faces"], len(done.json["refused"])) == (5, 2)
    assert all("No face detected" in entry["reason"] and entry["name"] for entry in done.json["refused"])
    assert len(face_ids(emulator, "PersonGroup", "employees", TARGET)) == 5


def test_a_service_that_takes_no_face_at_all_stops_the_import_and_another_try_can_be_made(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "LargePersonGroup", "visitors")
    emulator.faults({"route": f"POST {FACES}", "status": 400, "code": "BadArgument", "message": "Wrong model."})
    stopped = program.run("import", str(archive), "-p", "target", "-q", "--detection-model", "detection_01")
    assert (stopped.status, stopped.out) == (2, "")
    assert "refused each of the first" in stopped.err
    assert "Wrong model." in stopped.err
    assert posts(emulator, "/persistedfaces") < 100
    emulator.faults()
    done = program.run("import", str(archive), "-p", "target", "-q", "-o", "json")
    assert (done.status, done.err, done.json["faces"], done.json["refused"]) == (0, "", 302, [])


def test_a_service_that_answers_nothing_is_not_asked_a_thousand_times(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "LargePersonGroup", "visitors")
    emulator.faults({"route": f"POST {PERSONS}", "status": 500})
    failed = program.run("import", str(archive), "-p", "target", "-q")
    assert (failed.status, failed.out) == (10, "")
    assert posts(emulator, "/persons") < 250


def test_a_target_that_exists_is_left_alone(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    call(emulator, "PUT", "/persongroups/employees", TARGET, {"name": "Somebody's"})
    done = program.run("import", str(archive), "-p", "target", "-q")
    assert (done.status, done.out) == (6, "")
    assert "PersonGroup employees exists already" in done.err
    assert persons(emulator, "PersonGroup", "employees", TARGET) == []


def test_a_finished_import_is_not_done_again(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    assert program.run("import", str(archive), "-p", "target").status == 0
    again = program.run("import", str(archive), "-p", "target", "-q")
    assert (again.status, again.out) == (6, "")
    assert len(face_ids(emulator, "PersonGroup", "employees", TARGET)) == 7


def test_an_object_that_was_deleted_is_built_again(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    assert program.run("import", str(archive), "-p", "target").status == 0
    call(emulator, "DELETE", "/persongroups/employees", TARGET)
    again = program.run("import", str(archive), "-p", "target", "-q", "-o", "json")
    assert (again.status, again.err, again.json["faces"]) == (0, "", 7)


def test_an_import_stops_where_somebody_else_writes_to_the_object(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "LargePersonGroup", "visitors")
    emulator.faults({"route": f"POST {FACES}", "status": 500, "skip": 100})
    assert program.run("import", str(archive), "-p", "target").status == 10
    emulator.faults()
    call(emulator, "POST", "/largepersongroups/visitors/persons", TARGET, {"name": "A stranger"})
    again = program.run("import", str(archive), "-p", "target", "-q")
    assert (again.status, again.out) == (6, "")
    assert "something that this import has not added" in again.err


def test_a_difference_after_the_rebuild_is_told(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    emulator.faults({"route": "POST /persongroups/*/train", "status": 500})
    assert program.run("import", str(archive), "-p", "target").status == 10
    emulator.faults()
    [person, *_] = persons(emulator, "PersonGroup", "employees", TARGET)
    call(emulator, "PATCH", f"/persongroups/employees/persons/{person['personId']}", TARGET, {"name": "Mallory"})
    done = program.run("import", str(archive), "-p", "target", "-q")
    assert (done.status, done.out) == (14, "")
    assert f"person {person['personId']}: name or user data" in done.err


def test_a_training_that_fails_is_told_with_the_services_reason(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    body = '{"status": "failed", "message": "out of memory"}'
    emulator.faults({"route": "GET /persongroups/*/training", "status": 200, "body": body, "skip": 0})
    done = program.run("import", str(archive), "-p", "target", "-q")
    assert (done.status, done.out) == (3, "")
    assert "out of memory" in done.err


def test_a_training_that_lasts_longer_than_the_timeout_is_told_with_the_line_to_go_on(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    body = '{"status": "running"}'
    emulator.faults({"route": "GET /persongroups/*/training", "status": 200, "body": body})
    done = program.run("import", str(archive), "-p", "target", "-q", "--timeout", "90s")
    assert (done.status, done.out) == (8, "")
    assert "to go on: facesnap import" in done.err
    emulator.faults()
    trainings = sum(one["path"].endswith("/train") for one in emulator.requests()["requests"])
    again = program.run("import", str(archive), "-p", "target", "-q", "-o", "json")
    assert (again.status, again.json["trainingStatus"]) == (0, "succeeded")
    assert sum(one["path"].endswith("/train") for one in emulator.requests()["requests"]) == trainings == 1


def test_a_training_is_waited_for_through_a_rate_limit(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    emulator.faults({"route": "GET /persongroups/*/training", "status": 429, "retryAfter": 1, "count": 12})
    done = program.run("import", str(archive), "-p", "target", "-q", "-o", "json")
    assert (done.status, done.err, done.json["trainingStatus"]) == (0, "", "succeeded")


def test_an_export_that_is_not_allowed_leaves_no_file(program: Program, emulator: RunningEmulator) -> None:
    archive = program.directory / "x.facesnap"
    done = program.run("export", "-t", "PersonGroup", "-i", "unknown", "--to", str(archive), "-q")
    assert (done.status, done.out) == (5, "")
    assert "PersonGroupNotFound" in done.err
    assert list(program.directory.glob("x.facesnap*")) == []
    assert SOURCE_KEYS[0] not in done.err
