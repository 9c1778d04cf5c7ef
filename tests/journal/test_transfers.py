"""Exports and imports beside operations: in `wait` and `status`, and how one gets rid of them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from facesnap_cli.common.process_lock import ProcessLock
from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import LinkedClock, Program
from tests.support.archives import change, exported, rows

DAY_S = 86400.0
TAKE_IT = ("take", "-t", "PersonGroup", "-i", "employees", "--no-wait", "-q", "-o", "id")


@pytest.fixture(scope="module")
def slow_emulator() -> Iterator[RunningEmulator]:
    with running(EmulatorOptions(port=0, take_time=60, seed="demo")) as emulator:
        yield emulator


@pytest.fixture
def emulator(slow_emulator: RunningEmulator) -> RunningEmulator:
    """The demo seed in a service whose takes last for a minute."""
    slow_emulator.reset()
    return slow_emulator


class EventfulClock(LinkedClock):
    """A clock that lets something happen once it has come to a moment."""

    def __init__(self, emulator: RunningEmulator, after_s: float, act: Callable[[], object]):
        super().__init__(emulator)
        self._after_s = after_s
        self._act: Callable[[], object] | None = act

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self._act and self.slept_s >= self._after_s:
            self._act()
            self._act = None


def state(program: Program, *names: str) -> Path:
    return program.directory.joinpath("state", *names)


def interrupted_import(program: Program, emulator: RunningEmulator, object_id: str = "copy") -> str:
    """Make an import that has stopped before its training, and return its id."""
    archive = exported(program, emulator, "PersonGroup", "employees")
    emulator.faults({"route": "POST /persongroups/*/train", "status": 500})
    assert program.run("import", str(archive), "-p", "target", "-i", object_id).status == 10
    emulator.faults()
    return str(rows(state(program, "transfers", "transfers.db"), _OF, object_id)[0][0])


_OF = "SELECT id FROM transfers WHERE kind = 'import' AND object_id = ?"


def running_import(program: Program, emulator: RunningEmulator) -> tuple[str, ProcessLock]:
    """Make an import that another process seems to be at work on, until the lock is let go."""
    name = interrupted_import(program, emulator)
    return name, ProcessLock.acquire(state(program, "transfers", f"{name}.lock"))


def finish(program: Program, name: str, lock: ProcessLock) -> None:
    change(state(program, "transfers", "transfers.db"), "UPDATE transfers SET state = 'succeeded' WHERE id = ?", name)
    lock.release(remove=False)


def test_wait_any_returns_when_an_import_is_the_first_to_end(program: Program, emulator: RunningEmulator) -> None:
    name, lock = running_import(program, emulator)
    program.run(*TAKE_IT)
    program.clock = EventfulClock(emulator, 6, lambda: finish(program, name, lock))
    waited = program.run("wait", "--any", "-q", "-o", "json")
    assert (waited.status, waited.err) == (0, "")
    statuses = {one["kind"]: one["status"] for one in waited.json}
    assert statuses["import"] == "succeeded"
    assert statuses["take"] in ("notStarted", "running")  # the service's clock goes on while a loaded machine waits
    assert program.clock.slept_s < 8


def test_wait_any_returns_when_an_operation_is_the_first_to_end(program: Program, emulator: RunningEmulator) -> None:
    name, lock = running_import(program, emulator)
    program.run(*TAKE_IT)
    waited = program.run("wait", "--any", "-q", "-o", "json")
    assert (waited.status, waited.err) == (0, "")
    assert {one["kind"]: one["status"] for one in waited.json} == {"take": "succeeded", "import": "running"}
    finish(program, name, lock)


def test_an_interrupted_import_is_not_what_wait_any_waits_for(program: Program, emulator: RunningEmulator) -> None:
    interrupted_import(program, emulator)
    program.run(*TAKE_IT)
    waited = program.run("wait", "--any", "-q", "-o", "json")
    assert (waited.status, waited.err) == (0, "")
    assert {one["kind"]: one["status"] for one in waited.json} == {"take": "succeeded", "import": "interrupted"}


def test_wait_has_one_timeout_for_operations_and_imports(program: Program, emulator: RunningEmulator) -> None:
    name, lock = running_import(program, emulator)
    take = program.run(*TAKE_IT).out.strip()
    program.clock = LinkedClock(emulator)
    waited = program.run("wait", "--timeout", "4s", "-q", "-o", "none")
    assert (waited.status, waited.out) == (8, "")
    assert program.clock.slept_s == pytest.approx(4)
    assert "2 of 2 operations still run" in waited.err
    assert f"facesnap wait {take} {name}" in waited.err
    finish(program, name, lock)


def test_interrupted_imports_are_each_told_with_their_own_line(program: Program, emulator: RunningEmulator) -> None:
    names = [interrupted_import(program, emulator, f"copy-{number}") for number in (1, 2)]
    take = program.run(*TAKE_IT).out.strip()
    waited = program.run("wait", "--timeout", "4s", "-q", "-o", "none")
    assert (waited.status, waited.out) == (8, "")
    archive = program.directory / "employees.facesnap"
    assert waited.err.splitlines() == [
        "facesnap: 3 of 3 operations have not ended; 2 of them interrupted",
        *(
            f"  to give it up: facesnap status --forget {name}"
            f"; to go on: facesnap import {archive} --object-id copy-{number} --profile target"
            for number, name in enumerate(names, 1)
        ),
        f"  facesnap wait {take}",
    ]


def test_an_import_is_named_by_the_beginning_of_its_id(program: Program, emulator: RunningEmulator) -> None:
    name = interrupted_import(program, emulator)
    shown = program.run("status", name[:8], "-q", "-o", "id")
    assert (shown.status, shown.out, shown.err) == (0, f"{name}\n", "")


def test_an_import_can_be_forgotten_and_taken_up_all_the_same(program: Program, emulator: RunningEmulator) -> None:
    name = interrupted_import(program, emulator)
    refused = program.run("status", "--forget", name, "-q")
    assert (refused.status, refused.out) == (2, "")
    assert "--yes agrees" in refused.err
    done = program.run("status", "--forget", name, "--yes", "-q", "-o", "json")
    assert (done.status, done.json[0]["status"], done.err) == (0, "forgotten", "")
    for command in ("status", "wait"):
        shown = program.run(command, "-q", "-o", "json")
        assert (shown.status, shown.json, shown.err) == (0, [], "")
    [entry] = [one for one in program.run("status", "--all", "-o", "json").json if one["kind"] == "import"]
    assert (entry["intent"], entry["status"]) == (name, "forgotten")
    archive = str(program.directory / "employees.facesnap")
    again = program.run("import", archive, "-p", "target", "-i", "copy", "-q", "-o", "json")
    assert (again.status, again.json["faces"], again.err) == (0, 7, "")


def test_what_a_process_is_at_work_on_cannot_be_forgotten(program: Program, emulator: RunningEmulator) -> None:
    name, lock = running_import(program, emulator)
    refused = program.run("status", "--forget", name, "--yes", "-q")
    assert (refused.status, refused.out) == (6, "")
    assert "another process is at work on import PersonGroup copy; nothing was forgotten" in refused.err
    finish(program, name, lock)


def test_a_take_that_stays_unknown_can_be_forgotten(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "POST /snapshots", "drop": "before", "count": 1})
    assert program.run(*TAKE_IT).status == 10
    [lost] = program.run("status", "-q", "-o", "json").json
    done = program.run("status", "--forget", lost["intent"], "-y", "-q", "-o", "json")
    assert (done.status, done.err) == (0, "")
    assert (done.json[0]["status"], done.json[0]["message"]) == ("failed", "forgotten with facesnap status --forget")
    waited = program.run("wait", "-q", "-o", "json")
    assert (waited.status, waited.json, waited.err) == (0, [], "")
    assert program.run(*TAKE_IT).status == 0
    assert [one["status"] for one in program.run("status", "--all", "-o", "json").json] == ["failed", "notStarted"]


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("--forget --yes", 2, "--forget needs the ids"),
        ("--forget 332fe853 --yes", 5, "the journal knows no operation 332fe853"),
    ],
)
def test_forget_wants_to_know_what(program: Program, line: str, status: int, said: str) -> None:
    done = program.run("status", *shlex.split(line))
    assert (done.status, done.out) == (status, "")
    assert said in done.err


def test_an_export_whose_draft_is_gone_is_not_listed_any_more(program: Program, emulator: RunningEmulator) -> None:
    archive = program.directory / "x.facesnap"
    emulator.faults({"route": "GET /persongroups/employees/persons/*/persistedfaces/*", "status": 403})
    assert program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(archive)).status == 4
    assert [one["status"] for one in program.run("status", "-o", "json").json] == ["interrupted"]
    archive.with_name("x.facesnap.partial").unlink()
    for command in ("status", "wait"):
        shown = program.run(command, "-q", "-o", "json")
        assert (shown.status, shown.json, shown.err) == (0, [], "")


def test_an_import_that_ended_long_ago_leaves_nothing_behind_once_its_archive_is_gone(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    for object_id in ("one", "two"):
        assert program.run("import", str(archive), "-p", "target", "-i", object_id).status == 0
    kept = interrupted_import(program, emulator, "three")
    assert len(list(state(program, "imports").glob("*.db"))) == 3
    program.clock = LinkedClock(emulator)
    program.clock.sleep(91 * DAY_S)
    take = ("take", "-t", "PersonGroup", "-i", "employees", "-q", "-o", "none")
    assert program.run(*take).status == 0
    assert len(list(state(program, "imports").glob("*.db"))) == 3, "as long as there is the archive"
    archive.rename(program.directory / "moved.facesnap")
    assert program.run("status", "-q", "-o", "none").status == 0
    assert len(list(state(program, "imports").glob("*.db"))) == 3, "no response has confirmed this machine's clock"
    assert program.run(*take).status == 0
    assert rows(state(program, "transfers", "transfers.db"), "SELECT id FROM transfers") == [(kept,)]
    assert [path.name for path in state(program, "imports").iterdir()] == [f"{kept}.db"]
    assert [path.name for path in state(program, "transfers").glob("*.lock")] == [f"{kept}.lock"]


def test_what_ended_lately_is_kept(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    assert program.run("import", str(archive), "-p", "target", "-i", "one").status == 0
    assert program.run("status", "-q", "-o", "none").status == 0
    assert len(list(state(program, "imports").glob("*.db"))) == 1


def test_an_import_goes_on_although_the_clock_is_ahead_and_the_list_does_not_know_it(
    program: Program, emulator: RunningEmulator
) -> None:
    interrupted_import(program, emulator)
    change(state(program, "transfers", "transfers.db"), "DELETE FROM transfers")
    program.clock = LinkedClock(emulator)
    program.clock.shift(400 * DAY_S)
    resumed = program.run("import", str(program.directory / "employees.facesnap"), "-p", "target", "-i", "copy", "-q")
    assert resumed.status == 0, resumed.err


@pytest.mark.parametrize("command", ["status", "wait"])
def test_without_a_response_no_operation_is_forgotten(
    program: Program, emulator: RunningEmulator, command: str
) -> None:
    program.run(*(word for word in TAKE_IT if word != "--no-wait"))
    program.clock = LinkedClock(emulator)
    program.clock.shift(400 * DAY_S)
    assert program.run(command, "-q", "-o", "none").status == 0
    assert len(program.run("status", "--all", "-o", "json").json) == 1


def test_a_prefix_of_an_operation_and_of_an_import_is_ambiguous(program: Program, emulator: RunningEmulator) -> None:
    name = interrupted_import(program, emulator)
    taken = program.run(*TAKE_IT).out.strip()
    intent = f"{name[:8]}{'0' * 24}"
    change(state(program, "journal.db"), "UPDATE operations SET intent = ? WHERE operation_id = ?", intent, taken)
    for command in ("status", "wait"):
        refused = program.run(command, name[:7], "-q")
        assert (refused.status, refused.out) == (2, "")
        assert "begins the ids of an operation and of import PersonGroup copy" in refused.err
    for reference in (name, intent, taken):
        assert program.run("status", reference, "-q", "-o", "none").status == 0
