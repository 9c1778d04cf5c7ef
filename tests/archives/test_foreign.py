"""Archives and drafts that somebody else has made or changed: refused, however well they look."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path

import pytest

from facesnap_cli.archives.archive_schema import APPLICATION_ID, MIGRATIONS
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import Program
from tests.support.archives import exported, rows
from tests.support.waiting import PATIENCE_S

ENDLESS = (
    "CREATE VIEW faces AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT CAST(n AS TEXT) AS"
    " face_id, NULL AS person_id, NULL AS user_data, 'x' AS image, NULL AS target_face, NULL AS detection_model,"
    " NULL AS checksum FROM r"
)
HUGE = "CREATE VIEW persons AS SELECT hex(zeroblob(450000000)) AS person_id, NULL AS name, NULL AS user_data"
TRIGGER = "CREATE TRIGGER t AFTER INSERT ON faces BEGIN UPDATE faces SET user_data = 'mallory'; END"


@pytest.fixture
def archive(program: Program, emulator: RunningEmulator) -> Path:
    return exported(program, emulator, "PersonGroup", "employees")


def rewrite(file: Path, *statements: str) -> None:
    """Change a SQLite file as somebody would who wants to do harm."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def plant(draft: Path, *statements: str, mode: int = 0o600) -> Path:
    """Make an unfinished export that facesnap has not made."""
    connection = sqlite3.connect(draft, isolation_level=None)
    connection.executescript(MIGRATIONS[0])
    for statement in (f"PRAGMA application_id = {APPLICATION_ID}", "PRAGMA user_version = 1", *statements):
        connection.execute(statement)
    connection.close()
    draft.chmod(mode)
    return draft


def export(program: Program, target: Path) -> tuple[str, ...]:
    return ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "-q", "-o", "none")


@pytest.mark.parametrize(
    "statements",
    [
        ("DROP TABLE faces", ENDLESS),
        ("DROP TABLE persons", HUGE),
        (TRIGGER,),
        ("CREATE TABLE more (x)",),
        ("DROP INDEX faces_by_person",),
        ("ALTER TABLE persons ADD COLUMN shown TEXT AS (name || '!')",),
    ],
    ids=["an endless view", "a huge view", "a trigger", "a table", "no index", "a generated column"],
)
@pytest.mark.parametrize("command", ["inspect", "inspect --check", "import -p target", "diff"])
def test_an_archive_with_another_schema_is_refused_before_it_is_read(
    program: Program, archive: Path, statements: tuple[str, ...], command: str
) -> None:
    rewrite(archive, *statements)
    more = (str(archive),) if command == "diff" else ()
    done = program.run(*command.split(), str(archive), *more)
    assert (done.status, done.out) == (13, "")
    assert "is not as facesnap writes archives" in done.err


def test_a_value_of_another_type_is_damage(program: Program, archive: Path) -> None:
    loose = "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT;', ');') WHERE name = 'object'"
    [(strict,)] = rows(archive, "SELECT sql FROM sqlite_schema WHERE name = 'object'")
    rewrite(archive, loose.replace(") STRICT;", ") STRICT").replace("');')", "')')"))
    rewrite(archive, "UPDATE object SET persons = 'abc'")
    quoted = strict.replace("'", "''")
    rewrite(archive, f"UPDATE sqlite_schema SET sql = '{quoted}' WHERE name = 'object'")
    for command in (("inspect",), ("import", "-p", "target")):
        done = program.run(*command, str(archive))
        assert (done.status, done.out) == (13, "")
        assert "table object cannot be read (its persons is of another type)" in done.err


def test_an_object_id_that_cannot_be_one_is_damage(program: Program, archive: Path) -> None:
    rewrite(archive, "UPDATE object SET object_id = 'x' || char(27) || '[31m'")
    done = program.run("import", str(archive), "-p", "target")
    assert (done.status, done.out) == (13, "")
    assert "its object_id cannot be one" in done.err


def test_a_pipe_is_no_archive(program: Program) -> None:
    pipe = program.directory / "x.facesnap"
    os.mkfifo(pipe)
    done = program.run("inspect", str(pipe))
    assert (done.status, done.out) == (13, "")
    assert "is not a regular file" in done.err


def test_an_archive_in_wal_mode_is_refused_and_left_alone(program: Program, archive: Path) -> None:
    rewrite(archive, "PRAGMA journal_mode = WAL")
    before = sorted(path.name for path in archive.parent.iterdir())
    done = program.run("inspect", str(archive), "--check")
    assert (done.status, done.out) == (13, "")
    assert "WAL mode" in done.err
    assert sorted(path.name for path in archive.parent.iterdir()) == before


def test_a_long_check_ends_with_sigterm(program: Program, archive: Path) -> None:
    grown = (
        "INSERT INTO persons SELECT printf('%032d', n), NULL, NULL, NULL FROM"
        " (WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r LIMIT 600000) SELECT n FROM r)"
    )
    rewrite(archive, grown)
    process = program.start("inspect", str(archive), "--check")
    while not any(str(archive) in name for name in _open_files(process.pid)):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (143, "")
    assert "interrupted" in err


@pytest.mark.parametrize("command", ["inspect --check", "import -p target", "export --force", "diff"])
def test_an_interruption_amid_a_query_is_one(
    program: Program, archive: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite calls a function, in which the signal is handled: what that raises is no damage of the file."""

    def interrupted(*columns: object) -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        return ""

    monkeypatch.setattr("facesnap_cli.archives.safe_open.checksum", interrupted)
    words = command.split()
    if words[0] == "export":
        words += ["-t", "PersonGroup", "-i", "employees", "--to"]
    done = program.run(*words, str(archive), *([str(archive)] if words[0] == "diff" else []))
    assert (done.status, done.out) == (143, "")
    assert "interrupted" in done.err


def _open_files(pid: int) -> list[str]:
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(entry))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("mode", "why"), [(0o666, "may be opened by others"), (0o640, "may be opened by others")], ids=["0666", "0640"]
)
def test_a_draft_that_others_may_open_is_not_taken_up(program: Program, mode: int, why: str) -> None:
    target = program.directory / "x.facesnap"
    draft = plant(target.with_name("x.facesnap.partial"), TRIGGER, mode=mode)
    done = program.run(*export(program, target))
    assert (done.status, done.out) == (2, "")
    assert f"{draft} {why}" in done.err
    assert f"rm {draft}" in done.err
    assert not target.exists()


def test_where_files_have_no_owners_a_draft_is_taken_up(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    target = program.directory / "x.facesnap"
    plant(target.with_name("x.facesnap.partial"), mode=0o755)
    monkeypatch.setattr("facesnap_cli.common.files._keeps_owners", lambda directory: False)
    assert program.run(*export(program, target)).status == 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("suffix", ["", "-wal", "-journal"])
def test_a_draft_of_another_user_is_not_taken_up(program: Program, suffix: str) -> None:
    target = program.directory / "x.facesnap"
    draft = plant(target.with_name("x.facesnap.partial"))
    foreign = draft.with_name(draft.name + suffix)
    foreign.touch(0o600)
    os.chown(foreign, 65534, 65534)
    done = program.run(*export(program, target))
    assert (done.status, done.out) == (2, "")
    assert f"{foreign} belongs to another user" in done.err
    assert not target.exists()


def test_a_draft_that_is_a_link_is_not_followed(program: Program) -> None:
    target, other = program.directory / "x.facesnap", program.directory / "other"
    target.with_name("x.facesnap.partial").symlink_to(other)
    done = program.run(*export(program, target))
    assert (done.status, done.out) == (2, "")
    assert "is a symbolic link" in done.err
    assert not other.exists()


@pytest.mark.parametrize("statement", [TRIGGER, "CREATE VIEW v AS SELECT 1"])
def test_a_draft_with_another_schema_is_not_taken_up(program: Program, statement: str) -> None:
    target = program.directory / "x.facesnap"
    plant(target.with_name("x.facesnap.partial"), statement)
    done = program.run(*export(program, target))
    assert (done.status, done.out) == (13, "")
    assert "is not as facesnap writes archives" in done.err
    assert not target.exists()
