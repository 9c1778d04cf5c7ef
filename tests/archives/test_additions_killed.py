"""`kill -9` at each kind of request of an addition or a rebuild: run again, it ends well, and adds nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.archives.test_additions import GROUP, QUIET, SOURCE, TARGET, contents, delete_person
from tests.conftest import LinkedClock, Program
from tests.support.archives import draw_images, face_ids, persons
from tests.support.families import first_quick
from tests.support.gate import Gate, kill_at
from tests.support.service import call, post_calls

V1 = "/face/v1.2"
ADDING = [
    f"POST {V1}{GROUP}/persons/",
    f"GET {V1}{GROUP}?",
    f"GET {V1}{GROUP}/persons",
    f"POST {V1}{GROUP}/train",
    f"GET {V1}{GROUP}/training",
]
PUT_BACK = [(stop, step) for stop in ("answer", "request") for step in (f"POST {V1}{GROUP}/persons ", *ADDING)]
RETRY = [(stop, step) for stop in ("answer", "request") for step in ADDING]
AGAIN = "/persongroups/again"
REBUILD = [
    (stop, f"{method} {V1}{AGAIN}{end}")
    for stop in ("request", "answer")
    for method, end in (
        ("PUT", " "),
        ("GET", "?"),
        ("POST", "/persons "),
        ("POST", "/persons/"),
        ("POST", "/train"),
        ("GET", "/training"),
        ("GET", "/persons"),
    )
]


def _named(step: object) -> str:
    return str(step).replace(f"{V1}/persongroups/", "").strip()


@pytest.fixture
def program(tmp_path: Path, emulator: RunningEmulator, gated: Gate) -> Iterator[Program]:
    """The program at v1.2, with requests that go through the gate."""
    with closing(Program(tmp_path, LinkedClock(emulator), {"FACESNAP_API_VERSION": "v1.2"})) as made:
        made.configure(gated.endpoint)
        yield made


@pytest.fixture
def archive(program: Program, emulator: RunningEmulator) -> str:
    """An archive of the group at the other side of the gate."""
    images = draw_images(emulator, face_ids(emulator, "PersonGroup", "employees"), program.directory / "images")
    path = str(program.directory / "employees.facesnap")
    export = ("export", "-t", "PersonGroup", "-i", "employees", "--to", path, "--images", str(images), "-q")
    assert program.run(*export).status == 0
    return path


def kill(program: Program, gated: Gate, stop: str, step: str, *command: str) -> None:
    """Kill a command at the first request that begins as `step`: before it is sent on, or before its answer is."""
    setattr(gated, f"stop_{stop}", step)
    kill_at(gated, program.start(*command))


@pytest.mark.parametrize(("stop", "step"), first_quick(PUT_BACK), ids=_named)
def test_a_killed_addition_puts_the_person_back_once(
    program: Program, emulator: RunningEmulator, gated: Gate, archive: str, stop: str, step: str
) -> None:
    gone = delete_person(emulator, SOURCE)
    call(emulator, "POST", f"{GROUP}/persons", SOURCE, {"name": gone["name"], "userData": "another person"})
    before = contents(emulator, SOURCE)
    command = ("import", archive, "--into", "--person", gone["personId"], *QUIET)
    kill(program, gated, stop, step, *command)
    done = program.run(*command)
    assert (done.status, done.err) == (0, "")
    after = contents(emulator, SOURCE)
    assert {person: after.pop(person) for person in before} == before
    assert [len(faces) for faces in after.values()] == [len(gone["persistedFaceIds"])]
    assert call(emulator, "GET", f"{GROUP}/training", SOURCE)["status"] == "succeeded"


@pytest.mark.parametrize(("stop", "step"), first_quick(RETRY), ids=_named)
def test_a_killed_retry_sends_each_refused_face_once(
    program: Program, emulator: RunningEmulator, gated: Gate, archive: str, stop: str, step: str
) -> None:
    route = f"POST {GROUP}/persons/*/persistedfaces"
    emulator.faults({"route": route, "skip": 1, "count": 2, "status": 400, "code": "InvalidImage"})
    assert program.run("import", archive, "-p", "target", *QUIET).status == 11
    emulator.faults()
    before = contents(emulator, TARGET)
    command = ("import", archive, "-p", "target", "--retry-refused", *QUIET)
    kill(program, gated, stop, step, *command)
    done = program.run(*command)
    assert (done.status, done.err, done.json["refused"]) == (0, "", [])
    after = contents(emulator, TARGET)
    assert set(after) == set(before)
    assert all(set(before[person]) <= set(after[person]) for person in before)
    assert sum(map(len, after.values())) == 7


@pytest.mark.parametrize(("stop", "step"), first_quick(REBUILD), ids=_named)
def test_a_killed_restore_of_an_archive_builds_everything_once(
    program: Program, emulator: RunningEmulator, gated: Gate, archive: str, stop: str, step: str
) -> None:
    command = ("restore", archive, "--to", "target:again", *QUIET)
    kill(program, gated, stop, step, *command)
    done = program.run(*command)
    assert (done.status, done.err) == (0, "")
    found = persons(emulator, "PersonGroup", "again", TARGET)
    assert sorted(person["name"] for person in found) == sorted(
        person["name"] for person in persons(emulator, "PersonGroup", "employees")
    )
    assert sum(len(person["persistedFaceIds"]) for person in found) == 7
    answered = [one for one in post_calls(emulator, "/persistedfaces") if one["status"] == 200]
    assert len(answered) == 7
