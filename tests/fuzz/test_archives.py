"""Archives, drafts and ledgers with altered bytes or values: 13, or what is right, and never a bug."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facesnap_cli.archives.archive_schema import EXPORT_COLUMNS, FACE_COLUMNS, PERSON_COLUMNS, SOURCE_COLUMNS
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.archives.test_foreign import rewrite
from tests.conftest import Program
from tests.support.archives import exported, rows

thoroughly = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=8, deadline=None
)
TABLES = {
    "persons": (*PERSON_COLUMNS, "checksum"),
    "faces": (*FACE_COLUMNS, "checksum"),
    "export": (*EXPORT_COLUMNS, "checksum"),
    "image_sources": (*SOURCE_COLUMNS, "checksum"),
    "images": ("sha256", "format", "content"),
}
# SQLite itself keeps anything but an integer out of the row id of `export`.
COLUMNS = [(table, column) for table, columns in TABLES.items() for column in columns if column != "one"]
VALUES = ["NULL", "5", "2.5", "x'ff00'", "''", "CAST(x'ff' AS TEXT)", "char(27)", "zeroblob(40000000)", "-1e999"]


@thoroughly
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
def test_bytes_of_an_archive(program: Program, emulator: RunningEmulator, changes: list[tuple[float, int]]) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    content = bytearray(archive.read_bytes())
    for place, value in changes:
        content[int(place * len(content))] = value
    archive.write_bytes(content)
    run_all(program, archive)


@thoroughly
@given(column=st.sampled_from(COLUMNS), value=st.sampled_from(VALUES))
def test_values_of_an_archive(program: Program, emulator: RunningEmulator, column: tuple[str, str], value: str) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    table, name = column
    [(strict,)] = rows(archive, "SELECT sql FROM sqlite_schema WHERE name = ?", table)
    loose = strict.replace(" STRICT", "").replace(", WITHOUT ROWID", " WITHOUT ROWID").replace(" NOT NULL", "")
    for sql in (loose, strict):
        quoted = sql.replace("'", "''")
        rewrite(archive, f"UPDATE sqlite_schema SET sql = '{quoted}' WHERE name = '{table}'")
        if sql is loose:
            rewrite(archive, f"UPDATE OR IGNORE {table} SET {name} = {value}")
    run_all(program, archive)


def run_all(program: Program, archive: Path) -> None:
    """Use the archive in every way. What is allowed without the check may be 0; nothing may be a bug."""
    target = archive.with_name("next.facesnap")
    target.unlink(missing_ok=True)
    for command in (
        ("inspect", str(archive)),
        ("inspect", str(archive), "--check"),
        ("inspect", str(archive), "--missing"),
        ("diff", str(archive), str(archive)),
        ("import", str(archive), "-p", "target"),
        ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "--base", str(archive)),
    ):
        done = program.run(*command, "-q", "-o", "none")
        assert done.status in (0, 2, 6, 13), (command, done.err)
    for path in program.directory.glob("next.*"):
        path.unlink()
