"""An id that names nothing of the kind a command takes is told apart, with a command that takes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from facesnap_cli.journal.transfer_record import export_id
from tests.conftest import SOURCE_SUBSCRIPTION, TAKE_IT, LinkedClock, Program

SNAPSHOT, TAKE, APPLY, EXPORT = "(snapshot)", "(take)", "(apply)", "(export)"
A_SNAPSHOT = "this is a snapshot of PersonGroup employees, not {}: facesnap show (snapshot)"
A_TAKE = "this is an operation, the take of PersonGroup employees, not {}: facesnap show (snapshot)"
AN_APPLY = "this is an operation, the apply of PersonGroup copy (succeeded), not {}: facesnap status (apply)"
AN_OBJECT = "this is the id of a PersonGroup, not {}: facesnap list --type PersonGroup"
A_PROFILE = "this is a profile's name, not {}: facesnap list --profile target"
A_SUBSCRIPTION = "this is the subscription id of source, not {}: facesnap list --profile source"
A_PLAN = "this is a plan, not {}: facesnap run plan.toml"
A_FILE = "this is a file, not {}: facesnap inspect x.facesnap"
MISTAKES: list[tuple[str, str, str, str]] = [
    *(("wait", given, told, "an operation") for given, told in ((SNAPSHOT, A_SNAPSHOT), ("employees", AN_OBJECT))),
    *(("wait", given, told, "an operation") for given, told in (("target", A_PROFILE), ("plan.toml", A_PLAN))),
    ("wait", "x.facesnap", A_FILE, "an operation"),
    ("status", SNAPSHOT, A_SNAPSHOT, "an operation"),
    ("status", SOURCE_SUBSCRIPTION, A_SUBSCRIPTION, "an operation"),
    *((command, TAKE, A_TAKE, "a snapshot") for command in ("apply", "show", "update --user-data x", "delete --yes")),
    *((command, APPLY, AN_APPLY, "a snapshot") for command in ("apply", "show", "update --user-data x")),
    ("show", "employees", AN_OBJECT, "a snapshot"),
    ("apply", "target", A_PROFILE, "a snapshot"),
    ("apply", SOURCE_SUBSCRIPTION, A_SUBSCRIPTION, "a snapshot"),
    ("delete --yes", "plan.toml", A_PLAN, "a snapshot"),
    ("show", EXPORT, "this is the export of FaceList watchlist, not {}: facesnap status (export)", "a snapshot"),
    *((command, SNAPSHOT, A_SNAPSHOT, "an archive") for command in ("import", "inspect", "diff")),
    ("inspect", "employees", AN_OBJECT, "an archive"),
    *((command, "employees", AN_OBJECT, "a plan") for command in ("run", "backups")),
    ("run", SNAPSHOT, A_SNAPSHOT, "a plan"),
    ("restore", SNAPSHOT, A_SNAPSHOT, "an item"),
]


class Shared(NamedTuple):
    """A program that mistakes change nothing of, with the ids of what it made."""

    program: Program
    ids: dict[str, str]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """A program with a snapshot, its take, its apply and an export, beside a plan and a file."""
    with running(EmulatorOptions(port=0, seed="demo")) as emulator:
        yield prepared(Program(tmp_path_factory.mktemp("mistakes"), LinkedClock(emulator)), emulator)


@pytest.fixture
def own(program: Program, emulator: RunningEmulator) -> Shared:
    return prepared(program, emulator)


def prepared(program: Program, emulator: RunningEmulator) -> Shared:
    program.configure(emulator.endpoint)
    archive = program.directory / "x.facesnap"
    taken = program.run(*TAKE_IT, "-q", "-o", "json").json
    applied = program.run("apply", "latest", "-p", "target", "-i", "copy", "-q", "-o", "json").json
    program.run("export", "-t", "FaceList", "-i", "watchlist", "--to", str(archive), "-q")
    (program.directory / "plan.toml").touch()
    ids = {SNAPSHOT: taken["snapshotId"], TAKE: taken["operationId"], APPLY: applied["operationId"]}
    return Shared(program, ids | {EXPORT: export_id(archive)})


@pytest.fixture(autouse=True)
def beside_the_files(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {"shared", "own"}.intersection(request.fixturenames):
        monkeypatch.chdir(request.getfixturevalue(name).program.directory)


@pytest.mark.parametrize(("command", "given", "told", "wanted"), MISTAKES)
def test_a_mistaken_id_is_told_apart(shared: Shared, command: str, given: str, told: str, wanted: str) -> None:
    program, ids = shared
    reference = ids.get(given, given)
    done = program.run(*command.split(), reference)
    assert done.status in (2, 5, 13)
    for name, value in ids.items():
        told = told.replace(name, value)
    assert f"  {told.format(wanted)}\n" in done.err


@pytest.mark.parametrize(("command", "given"), [("wait", SNAPSHOT), ("show", TAKE), ("apply", APPLY)])
def test_the_beginning_of_an_id_is_enough(shared: Shared, command: str, given: str) -> None:
    program, ids = shared
    done = program.run(command, ids[given][:8])
    assert done.status == 5
    assert "this is a" in done.err


@pytest.mark.parametrize(
    ("command", "given", "told"),
    [
        ("wait", SNAPSHOT, "this is a snapshot of PersonGroup employees, not an operation: facesnap show (snapshot)"),
        ("show", TAKE, "this is an operation, not a snapshot: facesnap wait (take)"),
    ],
)
def test_the_service_knows_ids_of_another_machine(shared: Shared, command: str, given: str, told: str) -> None:
    program, ids = shared
    elsewhere = program.run(command, ids[given], FACESNAP_STATE_DIR=str(program.directory / "other"))
    assert elsewhere.status == 5
    assert told.replace(given, ids[given]) in elsewhere.err


def test_a_snapshot_that_is_gone_is_not_called_a_snapshot(own: Shared) -> None:
    program, ids = own
    assert program.run("delete", ids[SNAPSHOT], "--yes").status == 0
    shown = program.run("show", ids[SNAPSHOT])
    assert shown.status == 5
    assert "this is" not in shown.err
    assert "it may have expired" in shown.err


def test_nothing_is_created_to_explain_a_mistake(bare_program: Program) -> None:
    assert "give its id" in bare_program.run("show", "employees").err
    assert not (bare_program.directory / "state").exists()


def test_a_mistaken_plan_is_not_remembered_as_one(own: Shared) -> None:
    program = own.program
    assert program.run("run", "employees").status == 13
    assert "employees cannot be read" not in program.run("backups").err
    assert "employees" in program.run("backups", "--runs").out
