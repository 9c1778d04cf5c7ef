"""A plan's item with `method = "export"`: dated archives, and how many of them are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.partial_archive import PartialArchive
from facesnap_cli.common.sqlite import DamagedError
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program
from tests.support.archives import DAY_S, change, dated_archive, exported, rows, wait_days
from tests.support.service import call


@pytest.fixture
def backups(program: Program) -> Path:
    return program.directory / "backups"


def plan(program: Program, to: str = "file:backups/{name}-{date}.facesnap", **more: str) -> str:
    lines = ["[[backup]]", 'name = "employees"', 'from = "source"', 'type = "PersonGroup"', 'object_id = "employees"']
    more = {"require_images": "false"} | more  # what is about images is in test_plan_images
    lines += [f'to = ["{to}"]', 'method = "export"', *(f"{name} = {value}" for name, value in more.items())]
    path = program.directory / "nightly.toml"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_an_object_is_exported_into_a_dated_archive(program: Program, backups: Path) -> None:
    done = program.run("run", plan(program), "-o", "json", "-q")
    assert (done.status, done.err) == (0, "")
    [one] = done.json
    assert (one["status"], one["method"], one["objectId"]) == ("copied", "export", str(dated_archive(program)))
    assert rows(dated_archive(program), "SELECT count(*) FROM persons") == [(3,)]


def test_an_archive_that_is_young_enough_is_not_made_again(program: Program, backups: Path) -> None:
    assert program.run("run", plan(program)).status == 0
    before = dated_archive(program).read_bytes()
    again = program.run("run", plan(program), "-o", "json", "-q")
    assert (again.status, again.json[0]["status"]) == (0, "current")
    assert dated_archive(program).read_bytes() == before


def test_older_archives_go_once_the_new_one_is_checked(program: Program, backups: Path) -> None:
    made = []
    for _ in range(4):
        done = program.run("run", plan(program, keep="{ last = 2 }"), "-o", "json", "-q")
        assert (done.status, done.err) == (0, "")
        made.append(dated_archive(program).name)
        wait_days(program, 1)
    (backups / "notes.txt").write_text("not a backup")
    assert done.json[0]["deleted"] == [str(backups / made[1])]
    assert sorted(path.name for path in backups.iterdir()) == [*made[2:], "notes.txt"]


def test_a_dry_run_shows_the_export_and_what_would_go(program: Program, backups: Path) -> None:
    assert program.run("run", plan(program, keep="{ last = 1 }")).status == 0
    old = dated_archive(program).name
    wait_days(program, 1)
    shown = program.run("run", plan(program, keep="{ last = 1 }"), "--dry-run", "-o", "json")
    assert (shown.status, shown.err) == (0, "")
    steps = [(one["action"], one["objectId"]) for one in shown.json]
    assert steps == [("export", str(dated_archive(program))), ("delete", str(backups / old))]
    assert [path.name for path in backups.iterdir()] == [old]


def test_images_come_from_the_archive_before(program: Program, emulator: RunningEmulator, backups: Path) -> None:
    first = exported(program, emulator, "PersonGroup", "employees")
    backups.mkdir()
    wait_days(program, 1)
    first.rename(backups / f"employees-{program.clock.now():%Y-%m-%d}.facesnap")
    wait_days(program, 1)
    assert program.run("run", plan(program)).status == 0
    assert rows(dated_archive(program), "SELECT count(image) FROM faces") == [(7,)]


def test_a_damaged_older_archive_does_not_keep_the_next_from_being_made(program: Program, backups: Path) -> None:
    assert program.run("run", plan(program)).status == 0
    change(dated_archive(program), "UPDATE persons SET name = 'Adah' WHERE name LIKE 'Ada%'")
    assert program.run("inspect", str(dated_archive(program)), "--check").status == 13
    wait_days(program, 1)
    done = program.run("run", plan(program), "-o", "json", "-q")
    assert (done.status, done.json[0]["status"]) == (0, "copied")


def test_a_damaged_draft_fails_rather_than_lose_the_images_of_the_base(
    program: Program, emulator: RunningEmulator, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = exported(program, emulator, "PersonGroup", "employees")
    backups.mkdir()
    first.rename(backups / f"employees-{program.clock.now():%Y-%m-%d}.facesnap")
    wait_days(program, 1)
    seal, damages = PartialArchive.seal, [DamagedError("the draft is damaged")]

    def seal_at_second_attempt(partial: PartialArchive, *, is_consistent: bool) -> Archive:
        if damages:
            raise damages.pop()
        return seal(partial, is_consistent=is_consistent)

    monkeypatch.setattr(PartialArchive, "seal", seal_at_second_attempt)
    failed = program.run("run", plan(program), "-o", "json", "-q")
    assert (failed.status, failed.json[0]["status"]) == (DamagedError.exit_code, "failed")
    assert not dated_archive(program).exists()
    assert program.run("run", plan(program), "-o", "none", "-q").status == 0
    assert rows(dated_archive(program), "SELECT count(image) FROM faces") == [(7,)]


def test_an_export_that_fails_is_the_items_failure_and_goes_on_the_next_time(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    emulator.faults({"route": "GET /persongroups/*/persons/*/persistedfaces/*", "status": 403, "skip": 3})
    failed = program.run("run", plan(program, to="file:backups/{name}-{date}-{time}.facesnap"), "-o", "json", "-q")
    assert (failed.status, failed.json[0]["status"]) == (4, "failed")
    [begun] = [path.name for path in backups.glob("*.partial")]
    emulator.faults()
    wait_days(program, 0.1)
    done = program.run("run", plan(program, to="file:backups/{name}-{date}-{time}.facesnap"), "-o", "none", "-q")
    assert (done.status, done.err) == (0, "")
    assert [path.name for path in backups.iterdir()] == [begun.removesuffix(".partial")]


def test_a_log_shows_the_steps_of_an_export_and_the_numbers_every_five_minutes(
    program: Program, emulator: RunningEmulator
) -> None:
    path = program.configure(emulator.endpoint)
    path.write_text(path.read_text().replace('rate_limit = "none"', 'rate_limit = "20/m"'))
    file = Path(plan(program))
    file.write_text(
        file.read_text().replace('"PersonGroup"', '"LargePersonGroup"').replace('"employees"', '"visitors"')
    )
    done = program.run("run", str(file), "-o", "none")
    assert (done.status, done.out) == (0, "")
    lines = done.err.splitlines()
    assert lines[:3] == [
        "visitors: reading the list of persons",
        "export of 300 persons of visitors: about 311 calls, 16m01s at 19/m",
        "visitors: reading user data of faces, 302 in all",
    ]
    numbers = [line for line in lines if " of 302, " in line]
    assert len(numbers) == 4  # after a minute, and then three times in a quarter of an hour
    assert all(line.startswith("visitors: reading user data of faces: ") for line in numbers)


def test_what_plans_exported_long_ago_leaves_no_lock(program: Program, backups: Path) -> None:
    for _ in range(3):
        assert program.run("run", plan(program)).status == 0
        wait_days(program, 60)
    locks = program.directory / "state" / "transfers"
    assert len(list(locks.glob("*.lock"))) == 2
    assert len(list(backups.iterdir())) == 3


def test_the_check_tells_whether_the_newest_archive_is_young_enough(
    program: Program, emulator: RunningEmulator
) -> None:
    missing = program.run("backups", plan(program), "--check", "-o", "json", "-q")
    assert (missing.status, missing.json[0]["covered"]) == (5, False)
    assert program.run("run", plan(program)).status == 0
    covered = program.run("backups", plan(program), "--check", "-o", "json", "-q")
    assert (covered.status, covered.json[0]["covered"], covered.err) == (0, True, "")
    wait_days(program, 3)
    old = program.run("backups", plan(program), "--check", "-o", "json", "-q")
    assert (old.status, old.json[0]["covered"]) == (5, False)
    assert "is 3d00h old" in old.json[0]["message"]


def test_an_archive_that_cannot_be_read_whole_is_no_backup(program: Program, backups: Path) -> None:
    assert program.run("run", plan(program)).status == 0
    archive = dated_archive(program)
    [(page, size)] = rows(
        archive,
        "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = 'persons'",
    )
    with archive.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    checked = program.run("backups", plan(program), "--check", "-o", "json", "-q")
    assert (checked.status, checked.json[0]["covered"]) == (5, False)
    done = program.run("run", plan(program), "-o", "json", "-q")
    assert (done.status, done.json[0]["status"]) == (0, "copied")
    assert program.run("inspect", str(archive), "--check").status == 0


@pytest.mark.parametrize("template", ["file:backups/{name}-{date}.facesnap", "file:backups/{name}.facesnap"])
def test_an_archive_counts_for_its_age_by_the_services_clock_whatever_that_of_its_machine_was(
    program: Program, backups: Path, template: str
) -> None:
    program.clock.shift(30 * DAY_S)
    assert program.run("run", plan(program, to=template)).status == 0
    program.clock.shift(-30 * DAY_S)
    assert program.run("backups", plan(program, to=template), "--check", "-q").status == 0
    assert program.run("run", plan(program, to=template), "-o", "json", "-q").json[0]["status"] == "current"
    wait_days(program, 3)
    assert program.run("backups", plan(program, to=template), "--check", "-q").status == 5


@pytest.mark.parametrize("template", ["file:backups/{name}-{date}.facesnap", "file:backups/{name}.facesnap"])
def test_an_archive_of_the_future_is_no_backup(
    program: Program, emulator: RunningEmulator, backups: Path, template: str
) -> None:
    emulator.advance(30 * DAY_S)
    program.clock.shift(30 * DAY_S)
    assert program.run("run", plan(program, to=template)).status == 0
    [future] = backups.iterdir()
    emulator.reset()
    program.clock.shift(-30 * DAY_S)
    checked = program.run("backups", plan(program, to=template), "--check", "-o", "json", "-q")
    assert (checked.status, checked.json[0]["covered"]) == (5, False)
    keep = {"keep": "{ last = 1 }"} if "{date}" in template else {}
    done = program.run("run", plan(program, to=template, **keep), "-o", "json", "-q")
    assert (done.status, done.json[0]["status"], done.json[0]["deleted"]) == (0, "copied", [])
    assert future.exists()


def test_an_object_that_is_gone_deletes_no_older_archive(
    program: Program, emulator: RunningEmulator, backups: Path
) -> None:
    assert program.run("run", plan(program, keep="{ last = 1 }")).status == 0
    call(emulator, "DELETE", "/persongroups/employees", SOURCE_KEYS[0])
    wait_days(program, 1)
    failed = program.run("run", plan(program, keep="{ last = 1 }"), "-o", "json", "-q")
    assert (failed.status, failed.json[0]["status"], failed.json[0]["deleted"]) == (5, "failed", [])
    assert len(list(backups.iterdir())) == 1


def test_a_target_without_a_path_is_refused(program: Program) -> None:
    done = program.run("run", plan(program, to="file"))
    assert (done.status, done.out) == (13, "")
    assert "file: names no file" in done.err
