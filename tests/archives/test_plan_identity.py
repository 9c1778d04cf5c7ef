"""Plans that export: only an archive of this very object is used again, counted, replaced or deleted."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from facesnap_cli.backups.retention import Keep
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.archives.test_plan_exports import plan
from tests.backups.test_retention import independent
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, Program, Result
from tests.support.archives import change, dated_archive, draw_images, face_ids, persons, rows, wait_days
from tests.support.service import call

DATED = "file:backups/{name}-{date}.facesnap"
FIXED = "file:backups/{name}.facesnap"


@pytest.fixture
def backups(program: Program) -> Path:
    directory = program.directory / "backups"
    directory.mkdir(mode=0o700)
    return directory


def plan_of(program: Program, profile: str, to: str = DATED, object_id: str = "employees", **more: str) -> str:
    """Write a plan for an object of a profile, and return its path."""
    path = Path(plan(program, to, **more))
    text = path.read_text().replace('from = "source"', f'from = "{profile}"')
    other = path.with_name(f"{profile}-{object_id}.toml")
    other.write_text(text.replace('object_id = "employees"', f'object_id = "{object_id}"'))
    return str(other)


def run(program: Program, path: str, *arguments: str) -> Result:
    return program.run("backups" if "--check" in arguments else "run", path, "-o", "json", "-q", *arguments)


def damage(archive: Path) -> None:
    """Change the contents, so that they do not fit the checksums."""
    change(archive, "UPDATE persons SET name = name || 'x'")


def make_employees(emulator: RunningEmulator) -> None:
    """Create a group employees in the target's account too."""
    call(emulator, "PUT", "/persongroups/employees", TARGET_KEYS[0], {"name": "others"})


@pytest.mark.parametrize("to", [DATED, FIXED])
def test_the_archive_of_another_account_is_neither_current_nor_cover_nor_replaced(
    program: Program, emulator: RunningEmulator, backups: Path, to: str
) -> None:
    make_employees(emulator)
    assert run(program, plan_of(program, "source", to)).status == 0
    [archive] = backups.iterdir()
    content = archive.read_bytes()
    other = plan_of(program, "target", to)
    checked = run(program, other, "--check")
    assert (checked.status, checked.json[0]["covered"]) == (5, False)
    dry, done = run(program, other, "--dry-run"), run(program, other)
    assert (dry.status, dry.json[0]["action"]) == (6, "conflict")
    assert (done.status, done.json[0]["status"]) == (6, "failed")
    assert str(archive) in done.json[0]["message"]
    assert "an archive of another object" in done.json[0]["message"]
    assert [(path, path.read_bytes()) for path in backups.iterdir()] == [(archive, content)]
    wait_days(program, 1)
    if to == DATED:
        kept = plan_of(program, "target", to, keep="{ last = 1 }")
        assert run(program, kept).json[0]["deleted"] == []
        assert archive.exists()
        assert rows(dated_archive(program), "SELECT base_id FROM export") == [(None,)]


def test_an_archive_that_may_be_anothers_is_said_and_left_alone(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    assert run(program, plan_of(program, "source")).status == 0
    old = dated_archive(program)
    config = program.directory / "config.toml"
    config.write_text(config.read_text().replace("source", "renamed"))
    path = plan_of(program, "renamed", keep="{ last = 1 }")
    conflict = run(program, path)
    assert (conflict.status, conflict.json[0]["status"]) == (6, "failed")
    assert f"{old} is not replaced: it may be an archive of another object" in conflict.json[0]["message"]
    checked = run(program, path, "--check")
    assert (checked.status, checked.json[0]["covered"]) == (5, False)
    assert f"{old} may be an archive of another object" in checked.json[0]["message"]
    wait_days(program, 1)
    done = run(program, path)
    assert (done.status, done.json[0]["deleted"]) == (0, [])
    assert f"{old} may be an archive of another object" in done.err
    assert "neither used again, counted, replaced nor deleted" in done.err
    assert old.exists()


def test_a_begun_export_of_another_object_is_not_gone_on_with(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    make_employees(emulator)
    emulator.faults({"route": "GET /persongroups/*/persons/*/persistedfaces/*", "status": 403, "skip": 3})
    to = "file:backups/{name}-{date}-{time}.facesnap"
    assert run(program, plan_of(program, "source", to)).status == 4
    emulator.faults()
    [begun] = backups.iterdir()
    wait_days(program, 0.1)
    done = run(program, plan_of(program, "target", to))
    assert (done.status, done.err) == (0, "")
    assert begun.exists()
    assert done.json[0]["objectId"] != str(begun).removesuffix(".partial")


@pytest.mark.parametrize(
    "content", [b"notes\n", b"", b"SQLite format 3\0" + bytes(500)], ids=["text", "empty", "sqlite"]
)
@pytest.mark.parametrize("to", [DATED, FIXED])
def test_what_is_no_archive_is_never_replaced_or_deleted(
    program: Program, backups: Path, to: str, content: bytes
) -> None:
    today = dated_archive(program) if to == DATED else backups / "employees.facesnap"
    old = backups / f"employees-{program.clock.now() - timedelta(days=9):%Y-%m-%d}.facesnap"
    today.write_bytes(content)
    old.write_bytes(content)
    keep = {"keep": "{ last = 1 }"} if to == DATED else {}
    done = run(program, plan_of(program, "source", to, **keep))
    assert (done.status, done.json[0]["status"]) == (6, "failed")
    assert str(today) in done.json[0]["message"]
    assert today.read_bytes() == content
    today.unlink()
    again = run(program, plan_of(program, "source", to, **keep))
    assert (again.status, again.json[0]["status"], again.json[0]["deleted"]) == (0, "copied", [])
    assert old.read_bytes() == content
    assert (str(old) in again.err) == (to == DATED)


def test_the_plan_itself_is_never_replaced(program: Program) -> None:
    path = plan_of(program, "source", "file:source-employees.toml")
    before = Path(path).read_bytes()
    done = run(program, path)
    assert (done.status, Path(path).read_bytes()) == (13, before)
    assert "it is the plan" in done.err


def test_a_link_or_directory_at_the_path_is_a_conflict(program: Program, backups: Path) -> None:
    dated_archive(program).symlink_to(backups / "nothing")
    assert run(program, plan_of(program, "source")).status == 6
    dated_archive(program).unlink()
    dated_archive(program).mkdir()
    assert run(program, plan_of(program, "source")).status == 6


def test_a_fixed_path_replaces_a_whole_archive_of_its_object_but_not_a_damaged_one(
    program: Program, backups: Path
) -> None:
    path = plan_of(program, "source", FIXED)
    assert run(program, path).status == 0
    wait_days(program, 1)
    assert run(program, path).json[0]["status"] == "copied"
    damage(backups / "employees.facesnap")
    before = (backups / "employees.facesnap").read_bytes()
    wait_days(program, 1)
    done = run(program, path)
    assert (done.status, (backups / "employees.facesnap").read_bytes()) == (6, before)
    assert "is damaged" in done.json[0]["message"]


def test_the_archive_of_another_object_of_todays_name_is_not_replaced(program: Program, backups: Path) -> None:
    assert run(program, plan_of(program, "source")).status == 0
    before = dated_archive(program).read_bytes()
    large = Path(plan_of(program, "source", object_id="visitors"))
    large.write_text(large.read_text().replace('"PersonGroup"', '"LargePersonGroup"'))
    done = run(program, str(large))
    assert (done.status, dated_archive(program).read_bytes()) == (6, before)
    assert "is an archive of another object: PersonGroup employees" in done.json[0]["message"]


def test_a_damaged_archive_displaces_no_good_one(program: Program, backups: Path) -> None:
    path = plan_of(program, "source", keep="{ last = 2 }")
    made: list[Path] = []
    for night in range(4):
        if night == 2:
            damage(made[1])
        done = run(program, path)
        assert (done.status, done.err) == (0, "")
        assert done.json[0]["deleted"] == ([] if night < 3 else [str(made[0]), str(made[1])])
        made.append(dated_archive(program))
        wait_days(program, 1)
    assert sorted(backups.iterdir()) == made[2:]


def test_an_archive_without_the_required_images_displaces_no_good_one(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    good = dated_archive(program)
    path = plan_of(program, "source", images='"images"', keep="{ last = 2 }", require_images="true")
    draw_images(emulator, face_ids(emulator, "PersonGroup", "employees"), program.directory / "images")
    assert run(program, path).status == 0
    [ada] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"] == "Ada Lovelace"]
    faces = f"/persongroups/employees/persons/{ada['personId']}/persistedfaces"
    new = call(emulator, "POST", faces, SOURCE_KEYS[0], emulator.image("0" * 32))["persistedFaceId"]
    wait_days(program, 1)
    assert run(program, path).status == 14
    assert not dated_archive(program).exists()
    call(emulator, "DELETE", f"{faces}/{new}", SOURCE_KEYS[0])
    wait_days(program, 1)
    assert run(program, path).json[0]["deleted"] == []
    wait_days(program, 1)
    assert run(program, path).json[0]["deleted"] == [str(good)]


def test_what_a_user_exported_by_hand_is_not_deleted(program: Program, backups: Path) -> None:
    by_hand = dated_archive(program)
    arguments = ("-t", "PersonGroup", "-i", "employees", "--to", str(by_hand), "-q", "-o", "none")
    assert program.run("export", *arguments).status == 0
    path, deleted = plan_of(program, "source", keep="{ last = 1 }"), []
    for _ in range(3):
        wait_days(program, 1)
        done = run(program, path)
        assert (done.status, done.err) == (0, "")
        deleted += done.json[0]["deleted"]
    assert len(deleted) == 2
    assert by_hand.exists()


def test_archives_whose_records_are_lost_count_by_their_object_and_name(program: Program, backups: Path) -> None:
    path = plan_of(program, "source", keep="{ last = 1 }")
    assert run(program, path).status == 0
    old = dated_archive(program)
    os.rename(program.directory / "state", program.directory / "lost")
    wait_days(program, 1)
    done = run(program, path)
    assert (done.status, done.err, done.json[0]["deleted"]) == (0, "", [str(old)])


def test_sixty_nights_of_archives_with_damaged_ones_leave_what_an_independent_computation_does(
    program: Program, backups: Path
) -> None:
    path = plan_of(program, "source", keep="{ last = 2, daily = 4, weekly = 3, monthly = 2 }")
    keep = Keep(last=2, daily=4, weekly=3, monthly=2)
    expected: dict[date, bool] = {}
    for night in range(60):
        today = program.clock.now().date()
        assert run(program, path).status == 0
        expected[today] = True
        stay = independent(keep, expected, today)
        expected = {day: is_good for day, is_good in expected.items() if day in stay}
        found = {path.name.removeprefix("employees-").removesuffix(".facesnap") for path in backups.iterdir()}
        assert found == {day.isoformat() for day in expected}
        if night % 5 == 2 or night in (10, 11, 13):
            damage(dated_archive(program))
            expected[today] = False
        wait_days(program, 1)
