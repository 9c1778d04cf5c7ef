"""Test objects whose ids look like GUIDs, as those of Microsoft's samples do."""

from __future__ import annotations

from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, Program
from tests.support.service import call, posts

SOURCE = "0e7a4105-93c4-4d11-8d2f-111111111111"
COPY = "0e7a4105-93c4-4d11-8d2f-222222222222"  # its beginning is also that of the source
TAKE = ("take", "-t", "PersonGroup", "-i", SOURCE)


@pytest.fixture(autouse=True)
def source(emulator: RunningEmulator) -> None:
    """Create the group with a person in it."""
    call(emulator, "PUT", f"/persongroups/{SOURCE}", SOURCE_KEYS[0], {"name": "sample"})
    call(emulator, "POST", f"/persongroups/{SOURCE}/persons", SOURCE_KEYS[0], {"name": "Ada"})


def taken(program: Program) -> str:
    """Take a snapshot of the group and return its id."""
    done = program.run(*TAKE, "-q", "-o", "json")
    assert done.status == 0, done
    assert done.json["objectId"] == SOURCE
    return str(done.json["snapshotId"])


def test_an_apply_keeps_the_id_of_its_snapshot(program: Program) -> None:
    snapshot = taken(program)
    applied = program.run("apply", snapshot, "-p", "target", "-i", COPY, "--verify", "full", "-o", "json", "-q")
    assert applied.status == 0, applied
    assert (applied.json["snapshotId"], applied.json["objectId"]) == (snapshot, COPY)
    assert applied.json["resourceLocation"] == f"/persongroup/{COPY}"


@pytest.mark.parametrize("command", ["status", "wait"])
def test_an_apply_keeps_the_id_of_its_snapshot_in_a_later_command(program: Program, command: str) -> None:
    snapshot = taken(program)
    arguments = ("apply", snapshot, "-p", "target", "-i", COPY, "--no-wait", "-q", "-o", "id")
    operation = program.run(*arguments).out.strip()
    program.clock.sleep(60)
    [found] = program.run(command, operation, "-o", "json", "-q").json
    assert (found["status"], found["snapshotId"], found["objectId"]) == ("succeeded", snapshot, COPY)


@pytest.mark.parametrize("command", ["status", "wait"])
def test_another_machine_finds_out_what_an_operation_did(program: Program, tmp_path: Path, command: str) -> None:
    take = program.run(*TAKE, "-q", "-o", "json").json
    apply = program.run("apply", take["snapshotId"], "-p", "target", "-i", COPY, "-q", "-o", "json").json
    elsewhere = {"FACESNAP_STATE_DIR": str(tmp_path / "another")}
    [found] = program.run(command, take["operationId"], "-o", "json", "-q", **elsewhere).json
    assert (found["kind"], found["snapshotId"]) == ("take", take["snapshotId"])
    [found] = program.run(command, apply["operationId"], "-p", "target", "-o", "json", "-q", **elsewhere).json
    assert (found["kind"], found["snapshotId"]) == ("apply", None)
    assert (found["objectType"], found["objectId"]) == ("PersonGroup", COPY)


def test_a_lost_apply_is_settled(program: Program, emulator: RunningEmulator) -> None:
    snapshot = taken(program)
    emulator.faults({"route": "POST /snapshots/*/apply", "drop": "after"})
    assert program.run("apply", snapshot, "-p", "target", "-i", COPY).status == 10
    program.clock.sleep(60)
    [found] = program.run("wait", "-o", "json", "-q").json
    assert (found["status"], found["snapshotId"], found["objectId"]) == ("succeeded", snapshot, COPY)


def test_a_copy_is_made_verified_and_cleaned_up_once(program: Program, emulator: RunningEmulator) -> None:
    arguments = ("copy", "-t", "PersonGroup", "-i", SOURCE, "--to", f"target:{COPY}", "--max-age", "1h", "-q")
    first = program.run(*arguments, "--verify", "full", "-o", "json")
    assert first.status == 0, first
    assert [step["objectId"] for step in first.json] == [SOURCE, COPY]
    assert {step["snapshotId"] for step in first.json} == {first.json[0]["snapshotId"]}
    assert program.run("list", "-o", "json").json == []
    assert program.run(*arguments).status == 0
    assert (posts(emulator, "/snapshots"), posts(emulator, "/apply")) == (1, 1)


def test_a_run_counts_its_copy_from_the_moment_of_the_take(program: Program, emulator: RunningEmulator) -> None:
    plan = program.directory / "plan.toml"
    plan.write_text(
        f'[[backup]]\nname = "sample"\ntype = "PersonGroup"\nobject_id = "{SOURCE}"\nto = ["target:{COPY}"]\n'
    )
    done = program.run("run", str(plan), "-q", "-o", "json")
    assert done.status == 0, done
    [take, apply] = program.run("status", "--all", "-o", "json", "-q").json
    assert apply["snapshotId"] == take["snapshotId"] == done.json[0]["snapshotId"]
    checked = program.run("backups", str(plan), "--check", "-q", "-o", "json")
    assert (checked.status, checked.json[0]["objectId"]) == (0, COPY)
    assert call(emulator, "GET", f"/persongroups/{COPY}", TARGET_KEYS[0])["name"] == "sample"
    assert program.run("run", str(plan), "-q", "-o", "json").json[0]["status"] == "current"
