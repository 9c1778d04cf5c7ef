"""What the journal remembers of accounts and backups, and that it takes over journals of earlier versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from facesnap_cli.common.clock import SystemClock
from facesnap_cli.common.reporter import SILENT
from facesnap_cli.journal.account_paths import remember_account, with_account
from facesnap_cli.journal.backup_records import backup_at, backups_of, record_backup
from facesnap_cli.journal.schema import APPLICATION_ID, MIGRATIONS
from facesnap_cli.journal.store import Journal
from facesnap_cli.models.backups import BackupRecord, BackupState
from facesnap_cli.models.identity import ObjectIdentity, Resource
from tests.conftest import TAKE_IT, Program

REGION = "https://westeurope.api.cognitive.microsoft.com"
SUBSCRIPTION, OTHER = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
PROD = Resource(REGION, "prod", SUBSCRIPTION)
DR = Resource(REGION, "dr", OTHER)
PATH = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/prod"
NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
COPY = BackupRecord(
    id="0" * 32,
    method="snapshot",
    source=ObjectIdentity(PROD, "PersonGroup", "employees"),
    target="dr:employees-{date}",
    target_resource=DR,
    place="employees-2026-11-24",
    taken_time=NOW,
    made_time=NOW + timedelta(minutes=1),
    verified="full",
    verified_time=NOW + timedelta(minutes=2),
    persons=300,
    faces=301,
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path, SystemClock(), SILENT)) as opened:
        yield opened


def test_an_account_is_known_once_its_own_snapshot_has_shown_it(journal: Journal) -> None:
    assert with_account(journal, PROD).account is None
    remember_account(journal, PROD, PATH)
    assert with_account(journal, PROD).account == PATH
    assert with_account(journal, PROD._replace(profile="other")).account is None
    assert with_account(journal, PROD._replace(endpoint="https://eastus.api.cognitive.microsoft.com")).account is None


def test_a_profile_that_leads_elsewhere_now_does_not_keep_its_old_account(journal: Journal) -> None:
    remember_account(journal, PROD, PATH)
    assert with_account(journal, PROD._replace(subscription_id=OTHER)).account is None


def test_a_backup_comes_back_as_it_was_recorded(journal: Journal) -> None:
    archive = COPY._replace(
        id="1" * 32, method="export", target_resource=None, place="/b/a.facesnap", taken_time=NOW - timedelta(days=1)
    )
    for record in (archive, COPY):
        record_backup(journal, record)
    assert backups_of(journal, "PersonGroup", "employees") == [COPY, archive]
    assert backups_of(journal, "FaceList", "employees") == []


def test_a_record_is_replaced_by_what_has_become_of_the_backup(journal: Journal) -> None:
    bad = COPY._replace(state=BackupState.BAD, reason="2 persons are missing", verified=None, verified_time=None)
    record_backup(journal, COPY)
    record_backup(journal, bad)
    assert backups_of(journal, "PersonGroup", "employees") == [bad]


def test_a_place_is_the_targets_own(journal: Journal) -> None:
    record_backup(journal, COPY)
    assert backup_at(journal, COPY.place, DR) == COPY
    assert backup_at(journal, COPY.place, DR._replace(profile="eu")) is None, "it may be another account's"
    assert backup_at(journal, COPY.place, None) is None


def test_records_outlive_keep_journal(journal: Journal) -> None:
    record_backup(journal, COPY)
    remember_account(journal, PROD, PATH)
    journal.forget(timedelta(0))
    assert backups_of(journal, "PersonGroup", "employees") == [COPY]
    assert with_account(journal, PROD).account == PATH


def test_the_record_of_a_deleted_backup_goes_with_the_operations(journal: Journal) -> None:
    record_backup(journal, COPY._replace(made_time=NOW - timedelta(days=91), state=BackupState.DELETED))
    journal.forget(timedelta(days=92 + (journal.now() - NOW).days))
    assert len(backups_of(journal, "PersonGroup", "employees")) == 1
    journal.forget(timedelta(0))
    assert backups_of(journal, "PersonGroup", "employees") == []


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_journal_of_an_earlier_version_is_taken_over_without_loss(program: Program, version: int) -> None:
    state = program.directory / "state"
    taken = program.run(*TAKE_IT, "-o", "json", "-q").json
    path = state / "journal.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM operations").fetchone())
    for file in state.glob("journal.db*"):
        file.unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for script in MIGRATIONS[:version]:
            connection.executescript(script)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
        columns = [found[1] for found in connection.execute("PRAGMA table_info(operations)")]
        places = ", ".join(f":{name}" for name in columns)
        connection.execute(f"INSERT INTO operations VALUES ({places})", {name: row[name] for name in columns})
    path.chmod(0o600)
    [known] = program.run("status", "--all", "-o", "json").json
    assert (known["operationId"], known["snapshotId"]) == (taken["operationId"], taken["snapshotId"])
