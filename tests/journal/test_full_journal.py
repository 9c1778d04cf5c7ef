"""A disk without room for the journal is 13, and nothing was sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TAKE_IT, Program
from tests.support.disks import small_disk
from tests.support.service import posts

KILO = 1024


# Before there is a file, before there are tables, before the first operation.
@pytest.mark.parametrize("room", [0, 16 * KILO, 130 * KILO])
def test_a_journal_without_room_is_13_and_works_as_soon_as_there_is_room(
    program: Program, emulator: RunningEmulator, tmp_path: Path, room: int
) -> None:
    with small_disk(tmp_path / "full") as disk:
        program.environment["FACESNAP_STATE_DIR"] = str(disk.path / "state")
        disk.leave(room)
        full = program.run(*TAKE_IT, "-q")
        assert (full.status, full.out, posts(emulator, "/snapshots")) == (13, "", 0)
        assert "free space" in full.err
        disk.free()
        done = program.run(*TAKE_IT, "-q")
        assert (done.status, done.err, posts(emulator, "/snapshots")) == (0, "", 1)
