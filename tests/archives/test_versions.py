"""Archives of version 1 stay readable for ever; version 2 knows whose object it holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_SUBSCRIPTION, TARGET_SUBSCRIPTION, Program
from tests.support.archives import ALL_TYPES, change, exported, rows

EXPORT = ("export", "-t", "PersonGroup", "-i", "employees", "-q", "-o", "none")


def as_version_1(archive: Path) -> Path:
    """Turn an archive into what the version before wrote."""
    with closing(sqlite3.connect(archive, isolation_level=None)) as connection:
        connection.execute("DROP TABLE export")
        connection.execute("DROP TABLE image_sources")
        connection.execute("PRAGMA user_version = 1")
    return archive


@pytest.mark.parametrize(("object_type", "object_id"), ALL_TYPES)
def test_an_archive_of_version_1_is_checked_imported_and_compared(
    program: Program, emulator: RunningEmulator, object_type: str, object_id: str
) -> None:
    archive = as_version_1(exported(program, emulator, object_type, object_id))
    shown = program.run("inspect", str(archive), "--check", "-o", "json")
    assert (shown.status, shown.json["formatVersion"], shown.json["consistent"]) == (0, 1, True)
    assert program.run("diff", str(archive), "-q").status == 0
    assert program.run("import", str(archive), "-p", "target", "-q", "--verify", "full").status == 0


def test_an_archive_of_version_1_is_a_base_of_the_next(program: Program, emulator: RunningEmulator) -> None:
    old = as_version_1(exported(program, emulator, "PersonGroup", "employees"))
    new = program.directory / "new.facesnap"
    assert program.run(*EXPORT, "--to", str(new), "--base", str(old)).status == 0
    shown = program.run("inspect", str(new), "--check", "-o", "json").json
    old_shown = program.run("inspect", str(old), "-o", "json").json
    assert (shown["formatVersion"], shown["baseId"]) == (2, old_shown["archiveId"])
    assert shown["facesWithImage"] == old_shown["facesWithImage"] > 0


def test_an_export_that_version_1_left_unfinished_goes_on(program: Program, emulator: RunningEmulator) -> None:
    archive = program.directory / "a.facesnap"
    emulator.faults({"route": "GET /persongroups/*/persons/*/persistedfaces/*", "status": 403, "skip": 2})
    assert program.run(*EXPORT, "--to", str(archive)).status == 4
    emulator.faults()
    as_version_1(Path(f"{archive}.partial"))
    assert program.run(*EXPORT, "--to", str(archive)).status == 0
    shown = program.run("inspect", str(archive), "--check", "-o", "json")
    assert (shown.status, shown.json["formatVersion"], shown.json["profile"]) == (0, 2, "source")


def test_an_archive_says_which_profile_read_it(program: Program, emulator: RunningEmulator) -> None:
    archive = exported(program, emulator, "FaceList", "watchlist")
    shown = program.run("inspect", str(archive), "-o", "json").json
    assert (shown["profile"], shown["subscriptionId"], shown["endpoint"]) == (
        "source",
        SOURCE_SUBSCRIPTION,
        emulator.endpoint,
    )


@pytest.mark.parametrize(
    "statement", ["UPDATE export SET profile = 'another'", "UPDATE export SET consistent = 0", "DELETE FROM export"]
)
def test_a_changed_provenance_is_damage(program: Program, emulator: RunningEmulator, statement: str) -> None:
    archive = exported(program, emulator, "FaceList", "watchlist")
    change(archive, statement)
    checked = program.run("inspect", str(archive), "--check", "-o", "none")
    assert checked.status == 13
    assert "is damaged" in checked.err


@pytest.fixture
def twins(program: Program, emulator: RunningEmulator) -> Path:
    """Both accounts have a PersonGroup employees; return an archive of the source's."""
    archive = exported(program, emulator, "PersonGroup", "employees")
    assert program.run("import", str(archive), "-p", "target", "-q").status == 0
    return archive


def test_another_accounts_archive_is_no_base(program: Program, twins: Path) -> None:
    new = program.directory / "new.facesnap"
    done = program.run(*EXPORT, "-p", "target", "--to", str(new), "--base", str(twins))
    assert (done.status, new.exists()) == (2, False)
    assert "is an archive of another object" in done.err


def test_an_archive_of_one_of_two_accounts_in_a_subscription_is_no_base(program: Program, twins: Path) -> None:
    config = program.directory / "config.toml"
    config.write_text(config.read_text().replace(TARGET_SUBSCRIPTION + '"\nrate', SOURCE_SUBSCRIPTION + '"\nrate'))
    done = program.run(*EXPORT, "-p", "target", "--to", str(program.directory / "new"), "--base", str(twins))
    assert done.status == 2
    assert "may be an archive of another object" in done.err


def test_an_unfinished_export_goes_on_for_its_own_account_alone(
    program: Program, emulator: RunningEmulator, twins: Path
) -> None:
    archive = program.directory / "both.facesnap"
    emulator.faults({"route": "GET /persongroups/*/persons/*/persistedfaces/*", "status": 403, "skip": 2})
    assert program.run(*EXPORT, "--to", str(archive)).status == 4
    emulator.faults()
    other = program.run(*EXPORT, "-p", "target", "--to", str(archive))
    assert (other.status, archive.exists()) == (6, False)
    assert "an unfinished export of another object" in other.err
    assert program.run(*EXPORT, "--to", str(archive)).status == 0
    assert rows(archive, "SELECT profile FROM export") == [("source",)]
