"""Files that another program has locked, and places where nothing can be written: each told for what it is."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TARGET_KEYS, LinkedClock, Program
from tests.support.archives import exported, face_ids
from tests.support.families import slow

EXPORT = ("export", "-t", "PersonGroup", "-i", "employees", "-q", "-o", "none", "--to")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Keep everybody else from writing to a SQLite file, as a backup program or a hanging process does."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@pytest.fixture
def transfers(program: Program) -> Path:
    """The list of exports and imports, of which there is one already."""
    assert program.run(*EXPORT, str(program.directory / "first.facesnap")).status == 0
    return program.directory / "state" / "transfers" / "transfers.db"


def test_a_list_that_is_locked_does_not_stop_an_export(program: Program, transfers: Path) -> None:
    archive = program.directory / "second.facesnap"
    with locked(transfers):
        done = program.run(*EXPORT, str(archive))
    assert (done.status, done.out) == (0, "")
    warning = f"warning: the list of exports and imports, {transfers}, cannot be written: database is locked; going on"
    assert done.err.count(warning) == 1
    assert program.run("inspect", str(archive), "--check", "-o", "none").status == 0


@slow
def test_a_list_that_is_locked_meanwhile_does_not_stop_an_import(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "LargePersonGroup", "visitors")
    program.clock = LockingClock(emulator, program.directory / "state" / "transfers" / "transfers.db")
    emulator.faults({"route": "POST /largepersongroups/*/persons", "status": 429, "retryAfter": 1, "count": 1})
    try:
        done = program.run("import", str(archive), "-p", "target", "-q", "-o", "json")
    finally:
        program.clock.unlock()
    assert (done.status, done.json["faces"]) == (0, 302)
    assert done.err.count("warning: the list of exports and imports") == len(done.err.splitlines()) == 1
    assert len(face_ids(emulator, "LargePersonGroup", "visitors", TARGET_KEYS[0])) == 302


class LockingClock(LinkedClock):
    """A clock at whose first sleep somebody else locks a file, and keeps it."""

    def __init__(self, emulator: RunningEmulator, file: Path):
        super().__init__(emulator)
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._one_at_a_time = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._one_at_a_time:
            if seconds > 0 and self._connection is None:
                self._connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
                self._connection.execute("BEGIN IMMEDIATE")
        super().sleep(seconds)

    def unlock(self) -> None:
        if self._connection:
            self._connection.close()


def test_a_draft_that_is_locked_is_told(program: Program, emulator: RunningEmulator) -> None:
    archive = program.directory / "x.facesnap"
    emulator.faults({"route": "GET /persongroups/*/persons/*/persistedfaces/*", "status": 403})
    assert program.run(*EXPORT, str(archive)).status == 4
    emulator.faults()
    partial = program.directory / "x.facesnap.partial"
    with locked(partial):
        done = program.run(*EXPORT, str(archive))
    assert (done.status, done.out) == (6, "")
    assert f"{partial} is in use by another process" in done.err
    assert program.run(*EXPORT, str(archive)).status == 0


@slow
def test_a_ledger_that_is_locked_is_told(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    emulator.faults({"route": "POST /persongroups/*/train", "status": 500})
    assert program.run("import", str(archive), "-p", "target").status == 10
    emulator.faults()
    [ledger] = (program.directory / "state" / "imports").glob("*.db")
    with locked(ledger):
        done = program.run("import", str(archive), "-p", "target", "-q")
    assert (done.status, done.out) == (13, "")
    assert f"{ledger} cannot be written: database is locked" in done.err


@pytest.mark.parametrize("command", ["export", "import", "take"])
def test_a_state_directory_that_cannot_be_made_is_told(
    program: Program, emulator: RunningEmulator, command: str
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    before = emulator.requests()["total"]
    (program.directory / "file").write_text("not a directory")
    line = {
        "export": (*EXPORT, str(program.directory / "y.facesnap")),
        "import": ("import", str(archive), "-p", "target"),
        "take": ("take", "-t", "PersonGroup", "-i", "employees"),
    }[command]
    done = program.run(*line, FACESNAP_STATE_DIR=str(program.directory / "file" / "x"))
    assert (done.status, done.out) == (13, "")
    assert "FACESNAP_STATE_DIR names another place" in done.err
    assert emulator.requests()["total"] == before


@pytest.mark.parametrize("reference", ["abcdef\udcff", "332fe 853", "../../etc", "x" * 65])
@pytest.mark.parametrize("command", ["status", "wait"])
def test_a_reference_that_can_be_no_id_is_a_usage_error(program: Program, command: str, reference: str) -> None:
    done = program.run(command, reference)
    assert (done.status, done.out) == (2, "")
    assert "an operation's id has letters, digits and - alone" in done.err
