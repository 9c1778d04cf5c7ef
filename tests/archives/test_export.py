"""An export reads one moment of the object, takes over what an older one knows, and minds what it is told."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, LinkedClock, Program
from tests.support.archives import draw_images, exported, face_ids, persons, rows
from tests.support.service import call, face_reads

SOURCE = SOURCE_KEYS[0]
FACE = "/persongroups/*/persons/*/persistedfaces/*"


class MeddlingClock(LinkedClock):
    """A clock that lets somebody else act whenever the program waits."""

    def __init__(self, emulator: RunningEmulator, act: Callable[[], object]):
        super().__init__(emulator)
        self._act = act

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._act()
        super().sleep(seconds)


def export_employees(program: Program, target: Path, *more: str) -> tuple[str, ...]:
    return ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "-q", "-o", "json", *more)


def test_an_object_that_changes_while_it_is_read_is_read_again(program: Program, emulator: RunningEmulator) -> None:
    [ada] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"] == "Ada Lovelace"]

    def meddle() -> None:
        call(emulator, "POST", "/persongroups/employees/persons", SOURCE, {"name": "Late Comer"})
        call(emulator, "DELETE", f"/persongroups/employees/persons/{ada['personId']}", SOURCE)

    once = iter([meddle])
    program.clock = MeddlingClock(emulator, lambda: next(once, lambda: None)())
    emulator.faults({"route": f"GET {FACE}", "status": 429, "retryAfter": 1, "count": 1})
    target = program.directory / "x.facesnap"
    done = program.run(*export_employees(program, target))
    assert (done.status, done.json["persons"], done.json["faces"]) == (0, 3, 4)
    assert sorted(rows(target, "SELECT name FROM persons")) == [("Grace Hopper",), ("Late Comer",), ("Žofia Ćwikła",)]


def test_an_object_that_never_stays_the_same_gets_an_archive_that_says_so(
    program: Program, emulator: RunningEmulator
) -> None:
    numbers = itertools.count()
    path = "/persongroups/employees/persons"
    program.clock = MeddlingClock(emulator, lambda: call(emulator, "POST", path, SOURCE, {"name": f"{next(numbers)}"}))
    config = program.configure(emulator.endpoint)
    config.write_text(config.read_text().replace('rate_limit = "none"', 'rate_limit = "1/s"'))
    target = program.directory / "x.facesnap"
    done = program.run(*export_employees(program, target))
    assert (done.status, done.json["consistent"]) == (0, False)
    assert "was written to during each of 5 readings" in done.err
    shown = program.run("inspect", str(target), "--check", "-o", "json")
    assert (shown.status, shown.json["consistent"]) == (0, False)
    program.clock = LinkedClock(emulator)
    again = program.run(*export_employees(program, target, "--force"))
    assert (again.status, again.json["consistent"]) == (0, True)


def test_a_face_that_is_listed_but_cannot_be_read_is_a_failure_of_a_part(
    program: Program, emulator: RunningEmulator
) -> None:
    face = face_ids(emulator, "PersonGroup", "employees")[0]
    emulator.faults(
        {
            "route": f"GET /persongroups/employees/persons/*/persistedfaces/{face}",
            "status": 404,
            "code": "PersistedFaceNotFound",
        }
    )
    target = program.directory / "x.facesnap"
    done = program.run(*export_employees(program, target))
    emulator.faults()
    assert (done.status, done.json["consistent"], done.json["faces"]) == (11, False, 7)
    assert "the user data of 1 face could not be read" in done.err
    assert program.run("inspect", str(target), "--check", "-q").status == 0


def test_a_second_export_reads_only_what_the_first_does_not_know(program: Program, emulator: RunningEmulator) -> None:
    base = exported(program, emulator, "PersonGroup", "employees")
    [ada] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"] == "Ada Lovelace"]
    path = f"/persongroups/employees/persons/{ada['personId']}"
    image = emulator.image(face_ids(emulator, "LargePersonGroup", "visitors")[0])
    new = call(emulator, "POST", f"{path}/persistedfaces?userData=hat", SOURCE, image)["persistedFaceId"]
    call(emulator, "DELETE", f"{path}/persistedfaces/{ada['persistedFaceIds'][0]}", SOURCE)
    before, target = face_reads(emulator), program.directory / "second.facesnap"
    done = program.run(*export_employees(program, target, "--base", str(base)))
    assert (done.status, done.json["faces"], done.json["facesWithImage"], done.json["images"]) == (0, 7, 6, 6)
    assert face_reads(emulator) - before == 1
    assert rows(target, "SELECT user_data, image FROM faces WHERE face_id = ?", new) == [("hat", None)]
    query = "SELECT face_id, user_data, image FROM faces WHERE image NOT NULL ORDER BY 1"
    kept = [row for row in rows(base, query) if row[0] != ada["persistedFaceIds"][0]]
    assert rows(target, query) == kept
    assert program.run("inspect", str(target), "--check").status == 0


def test_a_base_of_another_object_is_refused(program: Program, emulator: RunningEmulator) -> None:
    base = exported(program, emulator, "LargePersonGroup", "visitors")
    done = program.run(*export_employees(program, program.directory / "x.facesnap", "--base", str(base)))
    assert (done.status, done.out) == (2, "")
    assert "an archive of another object: LargePersonGroup visitors" in done.err


def test_what_an_unfinished_export_of_another_object_has_read_is_not_mixed_in(
    program: Program, emulator: RunningEmulator
) -> None:
    target = program.directory / "x.facesnap"
    emulator.faults({"route": f"GET {FACE}", "status": 403})
    assert program.run(*export_employees(program, target)).status == 4
    emulator.faults()
    done = program.run("export", "-t", "FaceList", "-i", "watchlist", "--to", str(target), "-q")
    assert (done.status, done.out) == (6, "")
    assert "unfinished export of another object: PersonGroup employees" in done.err
    assert program.run(*export_employees(program, target)).status == 0


def test_an_interrupted_export_is_in_the_status_until_it_is_finished(
    program: Program, emulator: RunningEmulator
) -> None:
    target = program.directory / "x.facesnap"
    emulator.faults({"route": f"GET {FACE}", "status": 403, "skip": 2})
    failed = program.run(*export_employees(program, target))
    assert (failed.status, failed.out) == (4, "")
    line = f"facesnap export --profile source --type PersonGroup --object-id employees --to {target}"
    assert json.loads(failed.err)["error"]["resume"] == line
    [entry] = program.run("status", "-o", "json").json
    assert (entry["kind"], entry["status"], entry["archive"]) == ("export", "interrupted", str(target))
    assert entry["resume"] == line
    emulator.faults()
    assert program.run(*export_employees(program, target)).status == 0
    assert program.run("status", "-o", "json").json == []
    [entry] = program.run("status", "--all", "-o", "json").json
    assert (entry["kind"], entry["status"]) == ("export", "succeeded")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("-t", "PersonGroup", "--to", "x"), "export needs the object"),
        (("-i", "employees", "--to", "x"), "export needs the type"),
        (("-t", "PersonGroup", "-i", "employees"), "--to"),
        (("-t", "PersonGroup", "-i", "employees", "--to", "nowhere/x"), "there is no directory"),
        (("-t", "PersonGroup", "-i", "employees", "--to", "."), "it is a directory"),
        (("-t", "Persons", "-i", "employees", "--to", "x"), "not an object type"),
    ],
)
def test_an_export_that_lacks_something_is_refused_before_anything_is_sent(
    program: Program, emulator: RunningEmulator, arguments: tuple[str, ...], complaint: str
) -> None:
    done = program.run("export", *arguments)
    assert (done.status, done.out) == (2, "")
    assert complaint in done.err
    assert emulator.requests()["total"] == 0


def test_an_archive_without_images_is_not_rebuilt_unless_told_so(program: Program, emulator: RunningEmulator) -> None:
    target = program.directory / "x.facesnap"
    images = draw_images(emulator, face_ids(emulator, "PersonGroup", "employees")[:5], program.directory / "images")
    assert program.run(*export_employees(program, target, "--images", str(images))).status == 0
    before = emulator.requests()["total"]
    refused = program.run("import", str(target), "-p", "target")
    assert (refused.status, refused.out) == (2, "")
    assert "7 faces, of which 5 have an image" in refused.err
    assert emulator.requests()["total"] == before
    done = program.run("import", str(target), "-p", "target", "--partial", "-q", "-o", "json")
    assert (done.status, done.err) == (0, "")
    assert (done.json["persons"], done.json["faces"], done.json["facesWithoutImage"]) == (3, 5, 2)


def test_a_list_of_transfers_that_is_damaged_does_not_keep_operations_from_being_shown(program: Program) -> None:
    assert program.run(*export_employees(program, program.directory / "x.facesnap")).status == 0
    (program.directory / "state" / "transfers" / "transfers.db").write_bytes(b"nonsense" * 1000)
    shown = program.run("status", "-o", "json")
    assert (shown.status, shown.json) == (0, [])
    assert "warning: the list of exports and imports cannot be read" in shown.err


def test_status_makes_no_list_of_transfers_where_there_never_was_one(program: Program) -> None:
    assert program.run("status", "-o", "json").json == []
    assert not (program.directory / "state" / "transfers").exists()
