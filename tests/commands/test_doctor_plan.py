"""doctor PLAN: a line for every profile, image directory and target of a plan; nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, Program, Result

COPY = '[[backup]]\nname = "group"\ntype = "PersonGroup"\nobject_id = "employees"\nto = ["target:copy-{date}"]\n'
EXPORT = (
    '[[backup]]\nname = "list"\ntype = "FaceList"\nobject_id = "watchlist"\nmethod = "export"\n'
    'images = "photos"\nto = ["file:archives/list-{date}.facesnap"]\n'
)


@pytest.fixture
def plan(program: Program) -> Path:
    """A plan with a copy, and an export with images."""
    (program.directory / "photos").mkdir()
    (program.directory / "photos" / "a.jpg").write_bytes(b"\xff\xd8")
    path = program.directory / "plan.toml"
    path.write_text(COPY + EXPORT)
    return path


def found(result: Result) -> dict[str, str]:
    """Return the status of each check that is not ok, by its name and subject."""
    names = {f"{one['check']} of {one['subject']}" if one["subject"] else one["check"]: one for one in result.json}
    return {name: one["status"] for name, one in names.items() if one["status"] != "ok"}


def told(result: Result, check: str, subject: str | None) -> str:
    [finding] = [one for one in result.json if (one["check"], one["subject"]) == (check, subject)]
    return f"{finding['message']} -> {finding['hint']}"


def test_a_sound_plan_is_ok_in_every_profile_image_directory_and_target(program: Program, plan: Path) -> None:
    result = program.run("doctor", str(plan), "-o", "json")
    assert (result.status, found(result)) == (0, {})
    checked = [(one["check"], one["subject"]) for one in result.json]
    assert [subject for check, subject in checked if check == "key"] == ["source", "target"]
    assert checked[-3:] == [("targets", "group"), ("images", "list"), ("targets", "list")]
    assert told(result, "images", "list").startswith(f"1 file in {plan.parent / 'photos'}")


def test_nothing_is_changed(program: Program, plan: Path, emulator: RunningEmulator) -> None:
    assert program.run("doctor", str(plan)).status == 0
    calls = {(call["method"], call["path"], call["status"]) for call in emulator.requests()["requests"]}
    assert {call for call in calls if call[0] != "GET"} == {("POST", "/face/v1.0/snapshots", 400)}
    assert not (plan.parent / "archives").exists()
    assert program.run("status", "--all", "-o", "json").json == []


def _edited(old: str, new: str) -> Callable[[Program, Path, RunningEmulator], None]:
    def edit(program: Program, plan: Path, emulator: RunningEmulator) -> None:
        for path in (plan, program.directory / "config.toml"):
            path.write_text(path.read_text().replace(old, new))

    return edit


def _empty_photos(program: Program, plan: Path, emulator: RunningEmulator) -> None:
    (plan.parent / "photos" / "a.jpg").unlink()


def _manifest(lines: str) -> Callable[[Program, Path, RunningEmulator], None]:
    def write(program: Program, plan: Path, emulator: RunningEmulator) -> None:
        (plan.parent / "photos.csv").write_text(lines)
        plan.write_text(plan.read_text().replace('"photos"', '"photos.csv"'))

    return write


def _file_for_directory(program: Program, plan: Path, emulator: RunningEmulator) -> None:
    (plan.parent / "archives").touch()


def _copy_in_the_way(program: Program, plan: Path, emulator: RunningEmulator) -> None:
    plan.write_text(plan.read_text().replace("copy-{date}", "copy"))
    assert program.run("take", "-t", "PersonGroup", "-i", "employees", "-q", "-o", "none").status == 0
    assert program.run("apply", "latest", "-p", "target", "-i", "copy", "-q", "-o", "none").status == 0


def _retired(program: Program, plan: Path, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "* /snapshots", "status": 403, "code": "UnsupportedFeature"})


@pytest.mark.parametrize(
    ("break_it", "exit_code", "failed", "message"),
    [
        (_edited(TARGET_KEYS[0], "dead" * 8), 4, ("service", "target"), "config set key --profile target"),
        (_edited(SOURCE_KEYS[0], "dead" * 8), 4, ("service", "source"), "config set key --profile source"),
        (_edited(f'key = "{TARGET_KEYS[0]}"', 'key_env = "NOT_SET"'), 4, ("key", "target"), "NOT_SET"),
        (
            _edited('"target:', '"nowhere:'),
            13,
            ("items", None),
            "plan.toml:5: item group: there is no profile 'nowhere'",
        ),
        (_edited("PersonGroup", "Group"), 13, ("plan", None), "item group: type: 'Group' is not an object type"),
        (_edited("employees", "ghost"), 5, ("targets", "group"), "plan.toml:1: check type, object_id and from"),
        (_edited("watchlist", "ghost"), 5, ("targets", "list"), "plan.toml:6: check type, object_id and from"),
        (_edited('"photos"', '"fotos"'), 13, ("images", "list"), "neither a directory nor a manifest"),
        (_empty_photos, 14, ("images", "list"), "is the directory mounted?"),
        (_manifest("nothing,known\n"), 13, ("images", "list"), "photos.csv"),
        (_file_for_directory, 13, ("targets", "list"), "archives is not a directory"),
        (_copy_in_the_way, 6, ("targets", "group"), "PersonGroup copy exists in target already"),
        (_retired, 12, ("snapshots", "source"), 'write method = "export"'),
        (
            _edited('subscription_id = "bbb', '# "bbb'),
            0,
            ("subscription", "target"),
            "set subscription_id GUID --profile target",
        ),
    ],
)
def test_what_a_run_would_fail_of_is_found_before(
    program: Program,
    plan: Path,
    emulator: RunningEmulator,
    break_it: Callable[[Program, Path, RunningEmulator], None],
    exit_code: int,
    failed: tuple[str, str | None],
    message: str,
) -> None:
    break_it(program, plan, emulator)
    result = program.run("doctor", str(plan), "-o", "json", "-q")
    assert result.status == exit_code
    name = f"{failed[0]} of {failed[1]}" if failed[1] else failed[0]
    assert found(result)[name] == ("failed" if exit_code else "warning")
    assert message in told(result, *failed)


def test_a_manifest_is_read(program: Program, plan: Path, emulator: RunningEmulator) -> None:
    _manifest("persisted_face_id,path\n")(program, plan, emulator)
    result = program.run("doctor", str(plan), "-o", "json")
    assert (result.status, found(result)) == (0, {})
    assert told(result, "images", "list").startswith(f"the manifest {plan.parent / 'photos.csv'} can be read")


def test_an_item_whose_account_fails_is_skipped(program: Program, plan: Path, emulator: RunningEmulator) -> None:
    _edited(TARGET_KEYS[0], "dead" * 8)(program, plan, emulator)
    result = program.run("doctor", str(plan))
    assert "skipped  targets of group         needs service of target\n" in result.out
    assert "ok       targets of list" in result.out


def test_a_directory_that_may_not_be_written_is_found(
    program: Program, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (plan.parent / "archives").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("archives"))  # root may write anything
    result = program.run("doctor", str(plan), "-o", "json")
    assert result.status == 13
    assert "archives may not be written" in told(result, "targets", "list")


def test_as_cron_checks_the_plan_with_crons_environment(tmp_path: Path, emulator: RunningEmulator) -> None:
    program = Program(tmp_path, environment={"HOME": str(tmp_path)})
    config = program.configure(emulator.endpoint)
    config.write_text(config.read_text().replace(f'key = "{TARGET_KEYS[0]}"', 'key_env = "FACE_KEY"'))
    (tmp_path / "plan.toml").write_text(COPY)
    line = ("doctor", str(tmp_path / "plan.toml"), "--config", str(config), "-o", "json")
    assert program.run(*line, FACE_KEY=TARGET_KEYS[0]).status == 0
    as_cron = program.call(*line, "--as-cron", FACE_KEY=TARGET_KEYS[0])
    assert as_cron.status == 4
    assert "FACE_KEY" in told(as_cron, "key", "target")
    assert found(as_cron)["targets of group"] == "skipped"
