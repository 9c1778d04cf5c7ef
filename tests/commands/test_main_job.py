"""Take, find again, apply: the main job, through the command line and on real HTTP."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import TARGET_SUBSCRIPTION, LinkedClock, Program

ALL_TYPES = [
    ("PersonGroup", "employees"),
    ("LargePersonGroup", "visitors"),
    ("FaceList", "watchlist"),
    ("LargeFaceList", "archive"),
]


@pytest.mark.parametrize(("object_type", "object_id"), ALL_TYPES)
def test_an_object_of_any_type_is_taken_and_applied_with_all_that_it_holds(
    program: Program, object_type: str, object_id: str
) -> None:
    taken = program.run("take", "--type", object_type, "-i", object_id, "-o", "id", "--quiet")
    assert (taken.status, taken.err) == (0, "")
    applied = program.run(
        "apply", taken.out.strip(), "-p", "target", "-i", "copy", "--verify", "full", "-o", "json", "-q"
    )
    assert (applied.status, applied.err) == (0, "")
    assert applied.json["status"] == "succeeded"
    assert applied.json["resourceLocation"] == f"/{object_type.lower()}/copy"
    assert applied.json["snapshotId"] == taken.out.strip()


@pytest.mark.parametrize("dialect", ["2019-01", "2019-06", "2020-09", "2021-03"])
def test_the_main_job_is_done_in_every_dialect_of_the_service(tmp_path: Path, dialect: str) -> None:
    with (
        running(EmulatorOptions(port=0, seed="demo", dialect=dialect)) as emulator,
        closing(Program(tmp_path, LinkedClock(emulator))) as program,
    ):
        program.configure(emulator.endpoint)
        taken = program.run("take", "-t", "PersonGroup", "-i", "employees", "-o", "id", "-q")
        assert (taken.status, taken.err) == (0, "")
        applied = program.run("apply", taken.out.strip(), "-p", "target", "-o", "json", "-q", "--verify", "full")
        assert (applied.status, applied.err) == (0, "")
        assert applied.json["resourceLocation"] == "/persongroup/employees"


def test_the_taken_snapshot_names_its_object_and_its_end(program: Program) -> None:
    program.run("take", "-t", "persongroup", "-i", "employees")
    shown = program.run("show", "latest", "-o", "json")
    assert (shown.status, shown.err) == (0, "")
    assert shown.json["objectId"] == "employees"
    assert shown.json["applyScope"] == [TARGET_SUBSCRIPTION]
    assert 47 * 3600 < shown.json["secondsLeft"] <= 48 * 3600


def test_type_alone_is_enough_where_the_profile_gives_object_and_scope(
    program: Program, emulator: RunningEmulator
) -> None:
    program.configure(emulator.endpoint, object_id='"employees"')
    taken = program.run("take", "--type", "PersonGroup", "-o", "jsonl", "-q")
    assert (taken.status, taken.err) == (0, "")
    assert taken.json["objectId"] == "employees"
