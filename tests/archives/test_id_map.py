"""The id map of an import: written whatever the outcome, and later too."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from facesnap_cli.archives.importing import importer
from facesnap_cli.common.errors import VerificationError
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program
from tests.support.archives import exported
from tests.support.service import call

IMPORT = ("-p", "target", "-q", "-o", "none")


@pytest.fixture
def archive(program: Program, emulator: RunningEmulator) -> Path:
    return exported(program, emulator, "PersonGroup", "employees")


def test_it_has_name_and_user_data_after_the_older_columns(program: Program, emulator: RunningEmulator) -> None:
    person = call(
        emulator, "POST", "/persongroups/employees/persons", SOURCE_KEYS[0], {"name": "Zoë", "userData": "E1001"}
    )["personId"]
    ids = program.directory / "ids.csv"
    small = program.directory / "small.facesnap"
    to = ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(small), "-q", "-o", "none")
    assert program.run(*to).status == 0
    assert program.run("import", str(small), *IMPORT, "--partial", "--id-map", str(ids)).status == 0
    with ids.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["kind", "name", "personId", "oldId", "newId", "userData"]
    [zoe] = [row for row in rows if row["oldId"] == person]
    assert (zoe["name"], zoe["userData"], zoe["kind"]) == ("Zoë", "E1001", "person")


def test_it_is_written_if_the_verification_fails(
    program: Program, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def differing(*arguments: object, **named: object) -> None:
        raise VerificationError("they differ")

    monkeypatch.setattr(importer, "check_rebuilt", differing)
    ids = program.directory / "ids.json"
    assert program.run("import", str(archive), *IMPORT, "--id-map", str(ids)).status == 14
    assert len(json.loads(ids.read_text())) == 10


def test_it_is_written_after_the_import_by_the_same_command(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    assert program.run("import", str(archive), *IMPORT).status == 0
    ids = program.directory / "ids.json"
    before = emulator.requests()["total"]
    repeated = program.run("import", str(archive), *IMPORT, "--id-map", str(ids))
    assert (repeated.status, repeated.err) == (0, "")
    assert len(json.loads(ids.read_text())) == 10
    assert {one["method"] for one in emulator.requests()["requests"][before:]} == {"GET"}
    assert program.run("import", str(archive), *IMPORT).status == 6


def test_a_map_that_cannot_be_written_is_1_with_the_command_that_writes_it(
    program: Program, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    ids = program.directory / "ids.csv"
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", full)
        failed = program.run("import", str(archive), *IMPORT, "--id-map", str(ids))
    assert failed.status == 1
    assert f"the id map {ids} could not be written: No space left on device" in failed.err
    assert f"--id-map {ids}" in failed.err.splitlines()[-1]
    assert [path.name for path in program.directory.iterdir() if "ids" in path.name] == []
    assert program.run("import", str(archive), *IMPORT, "--id-map", str(ids)).status == 0
    assert ids.read_text().startswith("kind,name,personId")
