"""A full disk is 13 for archives and ledgers: nothing is replaced, and the same command goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TARGET_KEYS, Program
from tests.support.archives import exported, face_ids, persons
from tests.support.disks import Disk, files_limited, small_disk
from tests.support.families import first_quick

pytestmark = pytest.mark.skipif(os.name != "posix", reason="such limits are POSIX's")
VISITORS = ("export", "-t", "LargePersonGroup", "-i", "visitors", "-q", "-o", "none")
PLAN = """
[[backup]]
name = "visitors"
type = "LargePersonGroup"
object_id = "visitors"
method = "export"
require_images = false
to = ["file:full/{name}.facesnap"]
"""
KILO = 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "full") as mounted:
        yield mounted


# Before there is a file, before there is a table, before a person is stored.
@pytest.mark.parametrize("room", [0, 16 * KILO, 64 * KILO])
def test_an_export_that_could_write_nothing_leaves_nothing(program: Program, disk: Disk, room: int) -> None:
    disk.leave(room)
    archive = disk.path / "visitors.facesnap"
    done = program.run(*VISITORS, "--to", str(archive))
    assert (done.status, done.out) == (13, "")
    assert f"{archive}.partial cannot be written: " in done.err
    assert f"free space on the disk of {disk.path}" in done.err
    assert disk.files() == []
    assert program.run("status", "-o", "json").json == []


@pytest.mark.parametrize("force", first_quick([True, False]))
def test_an_export_goes_on_when_the_disk_has_room_again(program: Program, disk: Disk, force: bool) -> None:
    archive = disk.path / "visitors.facesnap"
    command = (*VISITORS, "--to", str(archive), *(["--force"] if force else []))
    if force:
        assert program.run(*VISITORS, "--to", str(archive)).status == 0
    before = {file.name: file.read_bytes() for file in disk.path.iterdir()}
    disk.leave(280 * KILO)
    full = program.run(*command)
    assert full.status == 13
    assert "to go on: facesnap export" in full.err
    assert {name: (disk.path / name).read_bytes() for name in before} == before
    [listed] = program.run("status", "-o", "json").json
    assert (listed["status"], listed["archive"]) == ("interrupted", str(archive))
    disk.free()
    assert program.run(*command).status == 0
    assert disk.files() == ["visitors.facesnap"]
    assert program.run("inspect", str(archive), "--check").status == 0


def test_a_file_that_may_not_grow_is_13_too(program: Program, emulator: RunningEmulator) -> None:
    archive = program.directory / "new.facesnap"
    images = exported(program, emulator, "LargePersonGroup", "visitors")
    with files_limited(256 * KILO):
        done = program.run(*VISITORS, "--to", str(archive), "--base", str(images))
    assert done.status == 13
    assert f"{archive}.partial cannot be written: " in done.err
    assert not archive.exists()


def test_an_item_of_a_plan_is_13_and_its_archive_is_named_once(program: Program, disk: Disk) -> None:
    plan = program.directory / "plan.toml"
    plan.write_text(PLAN)
    disk.leave(16 * KILO)
    done = program.run("run", str(plan), "-o", "json")
    assert (done.status, done.json[0]["exitCode"], disk.files()) == (13, 13, [])
    archive = disk.path / "visitors.facesnap"
    assert f"visitors: {archive}.partial cannot be written: " in done.err
    disk.free()
    assert program.run("run", str(plan), "-q").status == 0


def test_a_ledger_that_cannot_be_written_is_13_and_nothing_is_added_twice(
    program: Program, emulator: RunningEmulator, disk: Disk
) -> None:
    archive = exported(program, emulator, "LargePersonGroup", "visitors")
    program.environment["FACESNAP_STATE_DIR"] = str(disk.path / "state")
    assert program.run("status", "--all").status == 0
    command = ("import", str(archive), "-p", "target", "-q", "-o", "none")
    for room in (100 * KILO, 400 * KILO):
        disk.leave(room)
        full = program.run(*command)
        assert full.status == 13
        assert "cannot be written: " in full.err
    disk.free()
    done = program.run(*command)
    assert (done.status, done.err) == (0, "")
    assert len(persons(emulator, "LargePersonGroup", "visitors", TARGET_KEYS[0])) == 300
    assert len(face_ids(emulator, "LargePersonGroup", "visitors", TARGET_KEYS[0])) == 302
