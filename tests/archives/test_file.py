"""The archive file: readable with SQLite alone, private, and refused where it is not what was written."""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from facesnap_cli.archives import export
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import Program
from tests.support.archives import change, exported, rows


@pytest.fixture
def archive(program: Program, emulator: RunningEmulator) -> Path:
    return exported(program, emulator, "PersonGroup", "employees")


def test_sqlite_alone_reads_persons_faces_and_images(archive: Path, emulator: RunningEmulator) -> None:
    found = rows(
        archive,
        "SELECT p.name, p.user_data, f.face_id, f.user_data, i.format, i.content FROM persons AS p"
        " JOIN faces AS f USING (person_id) JOIN images AS i ON i.sha256 = f.image ORDER BY f.face_id",
    )
    assert {row[3] for row in found if row[0] == "Ada Lovelace"} == {"front", "left", "right"}
    assert {(row[0], row[1]) for row in found} == {
        ("Ada Lovelace", "badge 1815"),
        ("Grace Hopper", "badge 1906"),
        ("Žofia Ćwikła", '{"badge": 2001, "note": "smiles · often"}'),
    }
    assert all((row[4], row[5]) == ("PNG", emulator.image(row[2])) for row in found)


def test_the_schema_in_the_file_says_what_each_column_is(archive: Path) -> None:
    for table in ("object", "persons", "faces", "images"):
        [(schema,)] = rows(archive, "SELECT sql FROM sqlite_schema WHERE name = ?", table)
        assert "STRICT" in schema
        columns = schema.splitlines()[1:-1]
        assert len(columns) == len(rows(archive, f"SELECT name FROM pragma_table_info('{table}')"))
        assert all("-- " in column for column in columns)
    assert "-- left,top,width,height" in rows(archive, "SELECT sql FROM sqlite_schema WHERE name = 'faces'")[0][0]


def test_a_checksum_can_be_computed_from_its_documentation(archive: Path) -> None:
    def netstring(value: object) -> str:
        return "-," if value is None else f"{len(str(value).encode())}:{value},"

    page = (Path(__file__).parents[2] / "docs" / "reference" / "archive-format.md").read_text()
    for table in ("object", "persons", "faces"):
        [line] = [line for line in page.splitlines() if line.startswith(f"| `{table}`")]
        columns = re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", line.split("|")[3]))
        for row in rows(archive, f"SELECT {', '.join(columns)} FROM {table}"):
            content = "".join(netstring(value) for value in row[:-1])
            assert hashlib.sha256(content.encode()).hexdigest()[:16] == row[-1], table


def test_an_export_writes_one_private_file(program: Program) -> None:
    target = program.directory / "out" / "x.facesnap"
    target.parent.mkdir()
    done = program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "-o", "id", "-q")
    assert (done.status, done.out) == (0, f"{target}\n")
    assert [path.name for path in target.parent.iterdir()] == ["x.facesnap"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert rows(target, "PRAGMA journal_mode") == [("delete",)]


def test_an_export_says_that_the_file_is_personal_and_what_it_lacks(program: Program) -> None:
    target = program.directory / "x.facesnap"
    done = program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "-o", "none")
    assert (done.status, done.out) == (0, "")
    assert "holds personal data (names and user data)" in done.err
    assert "holds no recognition data" in done.err


def test_inspect_shows_what_an_archive_holds(program: Program, archive: Path) -> None:
    shown = program.run("inspect", str(archive), "-o", "json")
    assert (shown.status, shown.err) == (0, "")
    expected = {"type": "PersonGroup", "objectId": "employees", "persons": 3, "faces": 7, "facesWithImage": 7}
    assert {key: shown.json[key] for key in expected} == expected
    assert shown.json["checked"] is False
    assert program.run("inspect", str(archive), "--check", "-o", "json").json["checked"] is True


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE persons SET name = 'Adah' WHERE name LIKE 'Ada%'", "table persons: the row of"),
        ("UPDATE faces SET user_data = 'from the left' WHERE user_data = 'left'", "table faces: the row of"),
        ("UPDATE images SET content = zeroblob(2000) WHERE rowid = 2", "table images: the image"),
        ("UPDATE images SET format = 'BMP' WHERE rowid = 2", "table images: the image"),
        ("UPDATE object SET name = 'Others'", "table object: row 1"),
        ("DELETE FROM faces WHERE user_data = 'left'", "table image_sources: a row refers to"),
    ],
)
def test_a_changed_row_is_found_and_named(program: Program, archive: Path, statement: str, place: str) -> None:
    change(archive, statement)
    checked = program.run("inspect", str(archive), "--check")
    assert (checked.status, checked.out) == (13, "")
    assert f"{archive} is damaged: {place}" in checked.err


def test_a_changed_byte_anywhere_is_found_or_harms_nothing(program: Program, archive: Path) -> None:
    whole = archive.read_bytes()
    sound = [rows(archive, f"SELECT * FROM {table} ORDER BY 1") for table in ("object", "persons", "faces", "images")]
    for position in range(0, len(whole), 1009):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        archive.write_bytes(damaged)
        checked = program.run("inspect", str(archive), "--check", "-o", "none")
        assert checked.status in (0, 13), (position, checked.err)
        assert program.run("import", str(archive), "-p", "nobody").status in (2, 13), position
        if checked.status == 0:
            tables = ("object", "persons", "faces", "images")
            assert [rows(archive, f"SELECT * FROM {table} ORDER BY 1") for table in tables] == sound, position


def test_a_file_that_was_cut_off_is_refused(program: Program, archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-5000])
    checked = program.run("inspect", str(archive), "--check")
    assert (checked.status, checked.out) == (13, "")
    assert f"{archive} is damaged" in checked.err


def test_an_import_refuses_a_damaged_archive_before_it_sends_anything(
    program: Program, archive: Path, emulator: RunningEmulator
) -> None:
    change(archive, "UPDATE persons SET name = 'Adah' WHERE name LIKE 'Ada%'")
    before = emulator.requests()["total"]
    done = program.run("import", str(archive), "-p", "target", "-q")
    assert (done.status, done.out) == (13, "")
    assert "table persons: the row of" in done.err
    assert emulator.requests()["total"] == before
    assert program.run("status", "-o", "json").json == []


def test_an_archive_of_a_newer_facesnap_is_refused(program: Program, archive: Path) -> None:
    connection = sqlite3.connect(archive)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    done = program.run("inspect", str(archive))
    assert (done.status, done.out) == (13, "")
    assert "written by a newer facesnap" in done.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is damaged: it is empty"),
        (b"PK\x03\x04 a zip file, say" * 100, "is not a facesnap archive"),
        (b"[[backup]]\nname = 1\n", "is not a facesnap archive"),
        (b"SQLite format 3\0" + b"and then?" * 100, "is damaged: "),
    ],
    ids=["empty", "not SQLite", "a plan", "damaged"],
)
def test_what_is_no_archive_is_refused(program: Program, content: bytes, said: str) -> None:
    file = program.directory / "x.facesnap"
    file.write_bytes(content)
    done = program.run("import", str(file), "-p", "target")
    assert (done.status, done.out) == (13, "")
    assert f"{file} {said}" in done.err


def test_another_programs_database_is_refused(program: Program) -> None:
    file = program.directory / "x.facesnap"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE mail (subject TEXT)")
    connection.close()
    done = program.run("inspect", str(file))
    assert (done.status, done.out) == (13, "")
    assert "belongs to another program" in done.err


def test_a_file_that_is_not_there_is_not_found(program: Program) -> None:
    done = program.run("import", "nowhere.facesnap", "-p", "target")
    assert (done.status, done.out) == (5, "")
    assert "there is no file" in done.err


def test_an_unfinished_export_is_no_archive_yet(program: Program, emulator: RunningEmulator) -> None:
    target = program.directory / "x.facesnap"
    emulator.faults({"route": "GET /persongroups/*/persons/*/persistedfaces/*", "status": 403})
    assert program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target)).status == 4
    done = program.run("inspect", f"{target}.partial")
    assert (done.status, done.out) == (13, "")
    assert "has not ended" in done.err


def test_an_existing_file_is_replaced_only_by_force(program: Program, archive: Path) -> None:
    before = archive.read_bytes()
    command = ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(archive), "-q", "-o", "none")
    refused = program.run(*command)
    assert (refused.status, refused.out, archive.read_bytes()) == (6, "", before)
    assert "--force replaces it" in refused.err
    assert program.run(*command, "--force").status == 0
    assert archive.read_bytes() != before


@pytest.mark.parametrize(
    "content",
    [b"notes\n", b'[profiles.prod]\nkey = "x"\n', b"SQLite format 3\0" + bytes(500)],
    ids=["text", "configuration", "another program's database"],
)
def test_force_replaces_nothing_that_is_no_archive(program: Program, content: bytes) -> None:
    target = program.directory / "x.facesnap"
    target.write_bytes(content)
    command = ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "-q", "-o", "none", "--force")
    refused = program.run(*command)
    assert (refused.status, refused.out, target.read_bytes()) == (6, "", content)
    assert f"{target} is not replaced: it is not a facesnap archive" in refused.err
    assert not Path(f"{target}.partial").exists()


def test_force_replaces_a_damaged_archive_one_of_another_object_and_an_empty_file(
    program: Program, emulator: RunningEmulator, archive: Path
) -> None:
    with archive.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3000)
    other = exported(program, emulator, "LargePersonGroup", "visitors")
    empty = program.directory / "empty.facesnap"
    empty.touch()
    for target in (archive, other, empty):
        command = ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "-q", "-o", "none")
        assert program.run(*command, "--force").status == 0
        assert rows(target, "SELECT object_id FROM object") == [("employees",)]


@pytest.mark.parametrize("option", ["--base", "--images"])
def test_an_export_is_not_written_to_a_file_that_it_reads(program: Program, archive: Path, option: str) -> None:
    before = archive.read_bytes()
    other = program.directory / "other-name.facesnap"
    other.symlink_to(archive)
    command = ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(other), "--force")
    refused = program.run(*command, option, str(archive))
    assert (refused.status, refused.out, archive.read_bytes()) == (2, "", before)
    assert f"it is the file of {option}" in refused.err


def test_a_file_that_appears_during_an_export_is_not_replaced(
    program: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = program.directory / "x.facesnap"
    listed = export.list_object

    def meddling(*arguments: Any) -> int:
        target.write_text("somebody's notes")
        return listed(*arguments)

    monkeypatch.setattr(export, "list_object", meddling)
    refused = program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "-q")
    assert (refused.status, target.read_text()) == (6, "somebody's notes")
    target.unlink()
    monkeypatch.undo()
    assert program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "-q").status == 0


def test_an_id_map_is_not_written_over_its_archive(program: Program, archive: Path) -> None:
    named = archive.rename(archive.with_suffix(".json"))
    before = named.read_bytes()
    refused = program.run("import", str(named), "-p", "target", "-i", "copy", "--id-map", str(named))
    assert (refused.status, named.read_bytes()) == (2, before)


def test_an_archive_is_read_from_a_directory_that_cannot_be_written(program: Program, archive: Path) -> None:
    shelf = program.directory / "shelf"
    shelf.mkdir()
    shutil.copy(archive, shelf / "x.facesnap")
    (shelf / "x.facesnap").chmod(0o400)
    shelf.chmod(0o500)
    try:
        done = program.run("import", str(shelf / "x.facesnap"), "-p", "target", "-q", "-o", "id")
        assert [path.name for path in shelf.iterdir()] == ["x.facesnap"]
    finally:
        shelf.chmod(0o700)
    assert (done.status, done.err) == (0, "")


def test_an_archive_whose_tables_an_older_facesnap_has_described_otherwise_is_read(
    program: Program, archive: Path
) -> None:
    with closing(sqlite3.connect(archive)) as database:
        database.execute("PRAGMA writable_schema = ON")
        for name, sql in database.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall():
            bare = re.sub(r"--[^\n]*", "-- as it was called once", sql)
            database.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (bare, name))
        database.commit()
    checked = program.run("inspect", str(archive), "--check", "-o", "json")
    assert (checked.status, checked.err, checked.json["checked"]) == (0, "", True)
