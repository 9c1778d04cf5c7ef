"""Plans that export: only what the plan's own item made is replaced or deleted, and a draft is resumed or removed."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from facesnap_cli.backups.archive_records import stamp_of
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.archives.test_plan_exports import plan
from tests.archives.test_plan_identity import DATED, FIXED, damage, run
from tests.archives.test_versions import as_version_1
from tests.conftest import Program
from tests.support.archives import DAY_S, dated_archive, draw_images, face_ids, rows, wait_days

EXPORT = ("export", "-p", "source", "-t", "PersonGroup", "-i", "employees", "-q", "-o", "none")
KEEP_1, KEEP_2 = {"keep": "{ last = 1 }"}, {"keep": "{ last = 2 }"}
IN_FOLDERS = "file:backups/{date}/{name}.facesnap"
READING_FACES = "GET /persongroups/*/persons/*/persistedfaces/*"


@pytest.fixture
def backups(program: Program) -> Path:
    directory = program.directory / "backups"
    directory.mkdir(mode=0o700)
    return directory


def nights(program: Program, path: str, number: int) -> list[Path]:
    """Run a plan on so many nights, and return the archives of these nights."""
    made = []
    for _ in range(number):
        done = run(program, path)
        assert done.status == 0, done
        made.append(Path(done.json[0]["objectId"]))
        wait_days(program, 1)
    return made


def lose_the_state(program: Program) -> None:
    shutil.rmtree(program.directory / "state")


def begin(program: Program, emulator: RunningEmulator, *arguments: str) -> None:
    """Begin an export that fails with work done."""
    emulator.faults({"route": READING_FACES, "status": 403, "skip": 3})
    assert program.run(*arguments).status == 4
    emulator.faults()


@pytest.mark.parametrize("is_recorded", [True, False], ids=["here", "on another machine"])
def test_an_archive_made_by_hand_is_current_but_nothing_is_deleted_because_of_it(
    program: Program, backups: Path, is_recorded: bool
) -> None:
    path = plan(program, **KEEP_2)
    made = nights(program, path, 2)
    by_hand = dated_archive(program)
    assert program.run(*EXPORT, "--to", str(by_hand)).status == 0
    if not is_recorded:
        lose_the_state(program)
    assert "delete" not in [step["action"] for step in run(program, path, "--dry-run").json]
    done = run(program, path)
    assert (done.status, done.json[0]["status"], done.json[0]["deleted"]) == (0, "current", [])
    assert sorted(backups.iterdir()) == [*made, by_hand]
    wait_days(program, 1)
    assert run(program, path).json[0]["deleted"] == [str(made[0])]
    wait_days(program, 5)
    assert run(program, path).status == 0
    assert by_hand.exists()


def test_an_archive_whose_maker_nothing_shows_is_said_in_one_line(program: Program, backups: Path) -> None:
    assert program.run(*EXPORT, "--to", str(dated_archive(program))).status == 0
    lose_the_state(program)
    wait_days(program, 1)
    done = run(program, plan(program, **KEEP_1))
    assert (done.status, done.err.count("nothing shows which plan made"), done.err.count("\n")) == (0, 1, 1)


@pytest.mark.parametrize("to", [DATED, FIXED])
def test_an_archive_made_by_hand_is_not_replaced(program: Program, backups: Path, to: str) -> None:
    by_hand = dated_archive(program) if to == DATED else backups / "employees.facesnap"
    assert program.run(*EXPORT, "--to", str(by_hand)).status == 0
    content = by_hand.read_bytes()
    path = plan(program, to, max_age='"1h"')
    assert run(program, path).json[0]["status"] == "current"
    wait_days(program, 0.05)
    for arguments in (["--dry-run"], []):
        done = run(program, path, *arguments)
        assert (done.status, by_hand.read_bytes()) == (6, content)
    assert "nothing here shows that this item of the plan made it" in done.json[0]["message"]


@pytest.mark.parametrize("to", [DATED, FIXED])
def test_a_machine_without_its_journal_goes_on_with_what_the_item_made(
    program: Program, backups: Path, to: str
) -> None:
    path = plan(program, to, **(KEEP_1 if to == DATED else {}))
    [old] = nights(program, path, 1)
    lose_the_state(program)
    done = run(program, path)
    assert (done.status, done.err, done.json[0]["status"]) == (0, "", "copied")
    assert old.exists() == (to == FIXED)


def test_a_copy_of_an_archive_and_a_link_to_one_are_not_the_items(program: Program, backups: Path) -> None:
    path = plan(program, **KEEP_1)
    [old] = nights(program, path, 1)
    copy, link = backups / "employees-2026-01-01.facesnap", backups / "employees-2026-01-02.facesnap"
    shutil.copy2(old, copy)
    os.rename(old, backups / "moved")
    old.symlink_to(backups / "moved")
    link.symlink_to(copy)
    for _ in range(2):
        assert str(copy) not in run(program, path).json[0]["deleted"]
        lose_the_state(program)
        wait_days(program, 1)
    assert (copy.exists(), link.is_symlink(), old.is_symlink()) == (True, True, True)


def test_the_archives_of_another_template_are_not_the_items(program: Program, backups: Path) -> None:
    made = nights(program, plan(program), 2)
    edited = plan(program, "file:backups/employees-{date}.facesnap", **KEEP_1)
    assert run(program, edited).json[0]["deleted"] == [str(old) for old in made], "it makes the same names"
    renamed = plan(program, "file:backups/employees-{date}-{time}.facesnap", **KEEP_1)
    wait_days(program, 1)
    assert run(program, renamed).json[0]["deleted"] == []


def test_old_archives_go_from_every_folder_that_the_template_names(program: Program, backups: Path) -> None:
    path = plan(program, IN_FOLDERS, **KEEP_2)
    made = nights(program, path, 4)
    assert sorted(backups.glob("*/*")) == made[2:]
    assert sorted(backups.iterdir()) == [archive.parent for archive in made[2:]], "and empty folders with them"
    checked = run(program, path, "--check")
    assert (checked.status, "is 1d00h old" in checked.json[0]["message"]) == (5, True)


def test_a_folder_with_something_else_in_it_stays(program: Program, backups: Path) -> None:
    path = plan(program, IN_FOLDERS, **KEEP_1)
    [old] = nights(program, path, 1)
    (old.parent / "notes.txt").write_text("mine")
    nights(program, path, 1)
    assert [entry.name for entry in old.parent.iterdir()] == ["notes.txt"]


def test_a_link_to_a_folder_of_archives_deletes_nothing_there(program: Program, backups: Path) -> None:
    path = plan(program, IN_FOLDERS, **KEEP_1)
    [kept] = nights(program, path, 1)
    (backups / "2026-01-01").symlink_to(kept.parent)
    done = run(program, path, "--dry-run")
    assert str(backups / "2026-01-01" / kept.name) not in [step["objectId"] for step in done.json]


def test_the_archives_of_all_weekdays_cover(program: Program, backups: Path) -> None:
    path = plan(program, "file:backups/{name}-{weekday}.facesnap", max_age='"20h"', covered_for='"30h"')
    nights(program, path, 3)
    checked = run(program, path, "--check")
    assert (checked.status, len(list(backups.iterdir()))) == (0, 3)


@pytest.mark.parametrize("name", ["x.facesnap.partial", "x.partial-wal", "{date}.PARTIAL"])
def test_the_name_of_an_unfinished_archive_is_refused(program: Program, backups: Path, name: str) -> None:
    done = run(program, plan(program, f"file:backups/{name}"))
    assert (done.status, "has the name of an unfinished archive" in done.err) == (13, True)
    assert program.run(*EXPORT, "--to", str(backups / name)).status == 2


@pytest.mark.parametrize("days", [-5, 5], ids=["behind", "ahead"])
def test_a_young_archive_is_told_by_the_services_clock(program: Program, backups: Path, days: float) -> None:
    path = plan(program, to=FIXED)
    assert run(program, path).status == 0
    wait_days(program, 3)
    program.clock.shift(days * DAY_S)
    checked, previewed, done = run(program, path, "--check"), run(program, path, "--dry-run"), run(program, path)
    assert (checked.status, previewed.json[0]["action"], done.json[0]["status"]) == (5, "export", "copied")
    for result in (checked, previewed, done, run(program, path)):
        assert result.err.count("this machine's clock is 5d00h") == 1
    assert run(program, path, "--check").status == 0


def test_young_archives_of_one_account_cost_one_request(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    path = Path(plan(program))
    second = path.read_text().replace('"employees"', '"watchlist"').replace('"PersonGroup"', '"FaceList"')
    path.write_text(path.read_text() + second)
    assert run(program, str(path)).status == 0
    before = emulator.requests()["total"]
    assert [each["status"] for each in run(program, str(path)).json] == ["current"] * 2
    assert emulator.requests()["total"] - before == 1


def test_without_a_network_a_young_archive_is_told_by_this_machines_clock(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    path = plan(program)
    assert run(program, path).status == 0
    emulator.faults({"route": "* *", "status": 503})
    done = run(program, path)
    assert (done.status, done.json[0]["status"], done.err.count("; going on\n")) == (0, "current", 1)


def test_an_old_draft_is_removed_after_the_next_success(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    path = plan(program)
    for _ in range(3):
        begin(program, emulator, "run", path, "-q", "-o", "none")
        wait_days(program, 1)
    begin(program, emulator, *EXPORT, "--to", str(backups / "employees-2026-01-01.facesnap"))
    drafts = {name.name for name in backups.glob("*.partial")}
    assert len(drafts) == 4
    assert run(program, path).status == 0
    left = sorted(name.name for name in backups.iterdir())
    assert left == ["employees-2026-01-01.facesnap.partial", dated_archive(program).name]


def test_an_old_draft_at_a_fixed_path_does_not_give_the_archive_its_time(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    path = plan(program, FIXED)
    begin(program, emulator, "run", path, "-q", "-o", "none")
    wait_days(program, 9)
    assert run(program, path).status == 0
    assert run(program, path, "--check").status == 0


def test_a_draft_that_somebody_began_by_hand_is_not_taken_over(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    begin(program, emulator, *EXPORT, "--to", str(dated_archive(program)))
    done = run(program, plan(program))
    assert (done.status, "did not begin" in done.json[0]["message"]) == (6, True)
    assert program.run(*EXPORT, "--to", str(dated_archive(program))).status == 0


def test_what_the_plan_began_and_a_user_finished_is_the_plans(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    path, old = plan(program, **KEEP_1), dated_archive(program)
    begin(program, emulator, "run", path, "-q", "-o", "none")
    assert program.run(*EXPORT, "--to", str(old)).status == 0
    wait_days(program, 1)
    assert run(program, path).json[0]["deleted"] == [str(old)]


def test_an_archive_that_stays_is_read_again_once_its_file_has_changed(program: Program, backups: Path) -> None:
    path = plan(program, **KEEP_2)
    made = nights(program, path, 2)
    status = made[1].stat()
    with made[1].open("r+b") as file:  # the disk loses bits, and the file's times stay
        content = file.read().replace(b"Ada Lovelace", b"Ada Lovelacf")
        file.seek(0)
        file.write(content)
    os.utime(made[1], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert run(program, path).json[0]["deleted"] == []
    wait_days(program, 1)
    assert run(program, path).json[0]["deleted"] == [str(made[0]), str(made[1])]


@pytest.mark.parametrize(("days", "is_noticed"), [(0, False), (8, True)])
def test_an_unchanged_archive_is_read_again_a_week_after_its_check(
    program: Program, backups: Path, days: int, is_noticed: bool
) -> None:
    path = plan(program, **KEEP_2)
    made = nights(program, path, 2)
    damage(made[1])  # by the disk: its file looks as it did when it was checked
    stamp = stamp_of(made[1])
    with contextlib.closing(sqlite3.connect(program.directory / "state" / "journal.db")) as journal, journal:
        journal.execute("UPDATE backups SET stamp = ? WHERE place = ?", (stamp, str(made[1])))
    wait_days(program, days)
    assert run(program, path).json[0]["deleted"] == ([] if is_noticed else [str(made[0])])


def test_an_archive_with_shared_images_stays_a_failure(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    faces = face_ids(emulator, "PersonGroup", "employees")
    images = draw_images(emulator, faces, program.directory / "images")
    shutil.copy(images / f"{faces[0]}.png", images / f"{faces[-1]}.png")
    assert [run(program, plan(program, images='"images"')).status for _ in range(2)] == [11, 11]


def test_another_file_at_the_path_of_an_interrupted_export_is_not_its_archive(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    archive, other = backups / "a.facesnap", backups / "b.facesnap"
    begin(program, emulator, *EXPORT, "--to", str(archive))
    [listed] = program.run("status", "-o", "json").json
    assert program.run(*EXPORT, "--to", str(other)).status == 0
    archive.with_name("a.facesnap.partial").unlink()
    other.rename(archive)
    assert program.run(*EXPORT, "--to", str(archive)).status == 6
    for command in ("wait", "status"):
        seen = program.run(command, listed["intent"], "-o", "json")
        assert seen.json[0]["status"] == "interrupted"
    waited = program.run("wait", listed["intent"])
    assert (waited.status, "is not the archive that it was writing" in waited.err) == (5, True)


@pytest.mark.parametrize("again", [True, False], ids=["after the same command", "at once"])
def test_an_export_that_was_killed_after_its_archive_was_complete_has_succeeded(
    program: Program, backups: Path, again: bool
) -> None:
    archive = backups / "a.facesnap"
    assert program.run(*EXPORT, "--to", str(archive)).status == 0
    transfers = program.directory / "state" / "transfers" / "transfers.db"
    [(reference,)] = rows(transfers, "SELECT id FROM transfers")
    with sqlite3.connect(transfers) as connection:
        connection.execute("UPDATE transfers SET state = 'running'")
    connection.close()
    if again:
        assert program.run(*EXPORT, "--to", str(archive)).status == 0
    waited = program.run("wait", reference, "-o", "json")
    assert (waited.status, waited.json[0]["status"]) == (0, "succeeded")


def test_an_archive_of_version_1_that_was_taken_in_counts_and_is_rotated(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    path = plan(program, **KEEP_1)
    [old] = nights(program, path, 1)
    as_version_1(old)
    lose_the_state(program)
    assert [each["standing"] for each in listed(program, path)] == ["unknownOrigin"]
    adopted = program.run("backups", path, "--adopt", "--yes", "-q", "-o", "json")
    assert (adopted.status, [each["standing"] for each in adopted.json]) == (0, ["good"])
    assert [(each["standing"], each["origin"]) for each in listed(program, path)] == [("good", "adopted")]
    assert run(program, path).json[0]["deleted"] == [str(old)]


def test_a_damaged_archive_is_not_taken_in(program: Program, backups: Path) -> None:
    path = plan(program)
    [old] = nights(program, path, 1)
    as_version_1(old)
    damage(old)
    lose_the_state(program)
    adopted = program.run("backups", path, "--adopt", "--yes", "-q", "-o", "json")
    assert (adopted.status, adopted.json) == (13, [])


def listed(program: Program, path: str) -> list[dict[str, Any]]:
    return list(program.run("backups", path, "-q", "-o", "json").json)
