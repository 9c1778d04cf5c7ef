"""A gateway between facesnap and the service: what it answers says nothing of the object."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TARGET_KEYS, Program
from tests.support.archives import exported, face_ids
from tests.support.service import posts

TARGET = TARGET_KEYS[0]
FACES = "/largepersongroups/*/persistedfaces"
LOOK = "GET /largepersongroups/visitors"


@pytest.fixture
def archive(program: Program, emulator: RunningEmulator) -> str:
    """An archive with an import that has stopped after 100 faces."""
    made = str(exported(program, emulator, "LargePersonGroup", "visitors"))
    emulator.faults({"route": f"POST {FACES}", "status": 500, "skip": 100})
    assert program.run("import", made, "-p", "target").status == 10
    emulator.faults()
    return made


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "404", "message": "Resource not found"},
        {"code": "404", "message": "Resource not found", "envelope": "gateway"},
        {"code": "ResourceNotFound", "message": "No route"},
        {"code": "PersonGroupNotFound", "message": "Of another type"},
    ],
    ids=lambda fault: " ".join(fault.values()),
)
def test_a_404_that_is_not_the_services_does_not_end_an_unfinished_import(
    program: Program, emulator: RunningEmulator, archive: str, fault: dict[str, str]
) -> None:
    emulator.faults({"route": LOOK, "status": 404, "count": 1, **fault})
    failed = program.run("import", archive, "-p", "target", "-q")
    assert (failed.status, failed.out) == (9, "")
    assert "this does not say that LargePersonGroup visitors is missing" in failed.err
    emulator.faults()
    done = program.run("import", archive, "-p", "target", "-q", "-o", "json")
    assert (done.status, done.err, done.json["faces"]) == (0, "", 302)
    assert len(face_ids(emulator, "LargePersonGroup", "visitors", TARGET)) == 302


def test_a_refused_creation_leaves_an_unfinished_import_as_it_was(
    program: Program, emulator: RunningEmulator, archive: str
) -> None:
    fault = {"status": 404, "code": "LargePersonGroupNotFound", "message": "Large person group is not found."}
    emulator.faults({"route": LOOK, "count": 1, **fault})
    failed = program.run("import", archive, "-p", "target", "-q")
    assert (failed.status, failed.out) == (6, "")
    assert "create LargePersonGroup visitors: 409" in failed.err
    emulator.faults()
    before = posts(emulator, "/persistedfaces")
    done = program.run("import", archive, "-p", "target", "-q", "-o", "json")
    assert (done.status, done.err, done.json["faces"]) == (0, "", 302)
    assert posts(emulator, "/persistedfaces") - before == 202


def test_a_group_that_somebody_else_makes_at_the_last_moment_stays_theirs(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = str(exported(program, emulator, "PersonGroup", "employees"))
    emulator.faults({"route": "PUT /persongroups/*", "status": 409, "code": "PersonGroupExists", "message": "It is."})
    for _ in range(2):
        refused = program.run("import", archive, "-p", "target", "-q")
        assert (refused.status, refused.out) == (6, "")
        assert "PersonGroupExists" in refused.err
    assert posts(emulator, "/persons") == 0
