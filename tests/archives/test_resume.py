"""Killed at any moment, an export or import goes on where it was: real processes, real kills."""

from __future__ import annotations

import random
import signal
from collections import Counter

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TARGET_KEYS, Program
from tests.support.archives import draw_images, exported, face_ids, persons, rows
from tests.support.families import slow
from tests.support.service import call, post_calls, posts
from tests.support.waiting import HANG_S, PATIENCE_S, until

TARGET = TARGET_KEYS[0]
KILLS = 10


SPARE_CALLS = 8


def kill_amid(program: Program, emulator: RunningEmulator, calls: int, *arguments: str) -> bool:
    """Start a command line and kill it once it has made so many calls. Return whether it was still running.

    A few calls later every response is held back, so that the process waits for a killer who is late.
    """
    before = emulator.requests()["total"]
    emulator.faults({"route": "* *", "skip": calls + SPARE_CALLS, "delay": HANG_S})
    process = program.start(*arguments)
    try:
        until(lambda: emulator.requests()["total"] - before >= calls or process.poll() is not None, "the calls")
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)
        emulator.faults()
    return process.returncode == -signal.SIGKILL


@pytest.fixture
def paced_program(program: Program, emulator: RunningEmulator) -> Program:
    """The program under a rate limit, so that a kill finds it at work."""
    path = program.configure(emulator.endpoint)
    path.write_text(path.read_text().replace('rate_limit = "none"', 'rate_limit = "300/s"'))
    return program


@slow
def test_an_import_that_is_killed_ten_times_adds_everything_once(
    paced_program: Program, emulator: RunningEmulator
) -> None:
    archive, rng = exported(paced_program, emulator, "LargePersonGroup", "visitors"), random.Random(7)
    command = ("import", str(archive), "-p", "target", "-q", "-o", "json")
    killed = sum(kill_amid(paced_program, emulator, rng.randint(1, 70), *command) for _ in range(KILLS))
    done = paced_program.call(*command, "--verify", "full")
    assert (killed, done.status, done.err) == (KILLS, 0, "")
    assert (done.json["persons"], done.json["faces"]) == (300, 302)
    found = persons(emulator, "LargePersonGroup", "visitors", TARGET)
    source = persons(emulator, "LargePersonGroup", "visitors")
    assert Counter(one["name"] for one in found) == Counter(one["name"] for one in source)
    assert sum(len(one["persistedFaceIds"]) for one in found) == 302
    answered = [one for one in post_calls(emulator, "/persistedfaces") if one["status"] == 200]
    assert len(answered) == 302


@slow  # a request in doubt is waited for, and that takes a minute
def test_an_import_of_a_list_that_is_killed_adds_every_face_once(
    paced_program: Program, emulator: RunningEmulator
) -> None:
    archive, rng = exported(paced_program, emulator, "LargeFaceList", "archive"), random.Random(8)
    command = ("import", str(archive), "-p", "target", "-q", "-o", "json")
    killed = sum(kill_amid(paced_program, emulator, rng.randint(2, 60), *command) for _ in range(3))
    done = paced_program.call(*command)
    assert (killed, done.status, done.err, done.json["faces"]) == (3, 0, "", 200)
    assert len(face_ids(emulator, "LargeFaceList", "archive", TARGET)) == 200


def test_an_export_that_is_killed_ten_times_reads_everything_and_nothing_twice(
    paced_program: Program, emulator: RunningEmulator
) -> None:
    rng = random.Random(9)
    images = draw_images(
        emulator, face_ids(emulator, "LargePersonGroup", "visitors"), paced_program.directory / "images"
    )
    archive = paced_program.directory / "visitors.facesnap"
    command = (
        "export",
        "-t",
        "LargePersonGroup",
        "-i",
        "visitors",
        "--to",
        str(archive),
        "--images",
        str(images),
        "-q",
    )
    killed = sum(kill_amid(paced_program, emulator, rng.randint(1, 25), *command) for _ in range(KILLS))
    assert not archive.exists()
    done = paced_program.call(*command, "-o", "json")
    assert (killed, done.status, done.err) == (KILLS, 0, "")
    assert (done.json["persons"], done.json["faces"], done.json["facesWithImage"]) == (300, 302, 302)
    assert sorted(face for (face,) in rows(archive, "SELECT face_id FROM faces")) == sorted(
        face_ids(emulator, "LargePersonGroup", "visitors")
    )
    assert paced_program.run("inspect", str(archive), "--check", "-o", "none").status == 0
    assert [path.name for path in paced_program.directory.glob("*.partial*")] == []


def test_an_export_goes_on_with_the_faces_that_were_not_read_yet(program: Program, emulator: RunningEmulator) -> None:
    archive = program.directory / "visitors.facesnap"
    command = ("export", "-t", "LargePersonGroup", "-i", "visitors", "--to", str(archive), "-q", "-o", "none")
    faces = "/largepersongroups/visitors/persons/*/persistedfaces/*"
    emulator.faults({"route": f"GET {faces}", "status": 403, "skip": 250})
    assert program.run(*command).status == 4
    emulator.faults()
    before = emulator.requests()["total"]
    assert program.run(*command).status == 0
    read = [one for one in emulator.requests()["requests"][before:] if "/persistedfaces/" in one["path"]]
    assert len(read) <= 302 - 250 + 20


def test_an_interrupted_import_is_in_the_status_with_the_line_to_go_on(
    paced_program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(paced_program, emulator, "LargePersonGroup", "visitors")
    assert kill_amid(paced_program, emulator, 60, "import", str(archive), "-p", "target", "-i", "copy", "-q")
    shown = paced_program.run("status", "-o", "json")
    assert (shown.status, shown.err) == (0, "")
    [entry] = shown.json
    assert (entry["kind"], entry["status"], entry["objectId"]) == ("import", "interrupted", "copy")
    assert entry["resume"] == f"facesnap import {archive} --object-id copy --profile target"
    waited = paced_program.run("wait", "-o", "none")
    assert (waited.status, waited.out) == (8, "")
    assert f"facesnap import {archive}" in waited.err


def test_the_line_to_go_on_has_every_option_that_changes_what_is_done(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    emulator.faults({"route": "POST /persongroups/*/train", "status": 500})
    options = ["--recognition-model", "recognition_04", "--detection-model", "detection_03", "--verify", "full"]
    options += ["--timeout", "2h", "--poll-interval", "1.5", "--config", str(program.directory / "config.toml")]
    failed = program.run("import", str(archive), "-p", "target", "--partial", *options, "-q")
    assert (failed.status, failed.out) == (10, "")
    line = failed.err.partition("to go on: ")[2].strip()
    common = f"facesnap import {archive} --object-id employees --profile target --partial"
    options[options.index("2h")] = "7200"
    assert line == f"{common} {' '.join(options)}"
    emulator.faults()
    before = emulator.requests()["total"]
    done = program.run(*line.split()[1:], "-q", "-o", "json")
    assert (done.status, done.err, done.json["recognitionModel"]) == (0, "", "recognition_04")
    looked_at = [one["path"] for one in emulator.requests()["requests"][before:] if one["method"] == "GET"]
    assert sum("/persistedfaces/" in path for path in looked_at) == 7  # the full verification


def test_wait_waits_for_an_import_of_another_process(paced_program: Program, emulator: RunningEmulator) -> None:
    archive = exported(paced_program, emulator, "LargePersonGroup", "visitors")
    process = paced_program.start("import", str(archive), "-p", "target", "-q", "-o", "none")
    until(lambda: posts(emulator, "/persistedfaces"), "the first face")
    twice = paced_program.call("import", str(archive), "-p", "target", "-q")
    waited = paced_program.call("wait", "-o", "json")
    assert process.communicate(timeout=PATIENCE_S) == ("", "")
    assert (twice.status, twice.out) == (6, "")
    assert "under way already, in another process" in twice.err
    assert (waited.status, waited.err) == (0, "")
    assert [(entry["kind"], entry["status"]) for entry in waited.json] == [("import", "succeeded")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_import_at_once_with_the_line_to_go_on(
    paced_program: Program, emulator: RunningEmulator, number: signal.Signals
) -> None:
    archive = exported(paced_program, emulator, "LargePersonGroup", "visitors")
    process = paced_program.start("import", str(archive), "-p", "target", "-q")
    until(lambda: posts(emulator, "/persistedfaces") >= 20, "twenty faces")
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (128 + number, "")
    assert f"to go on: facesnap import {archive}" in err


def test_an_archive_that_changed_since_is_not_mixed_into_an_unfinished_import(
    paced_program: Program, emulator: RunningEmulator
) -> None:
    first = exported(paced_program, emulator, "PersonGroup", "employees")
    emulator.faults({"route": "POST /persongroups/*/train", "status": 500})
    assert paced_program.run("import", str(first), "-p", "target").status == 10
    emulator.faults()
    images = draw_images(
        emulator, face_ids(emulator, "PersonGroup", "employees"), paced_program.directory / "more images"
    )
    other = paced_program.directory / "other.facesnap"
    common = ("export", "-t", "PersonGroup", "-i", "employees", "--images", str(images))
    assert paced_program.run(*common, "--to", str(other)).status == 0
    done = paced_program.run("import", str(other), "-p", "target", "-q")
    assert (done.status, done.out) == (6, "")
    assert "unfinished import of another archive" in done.err
    assert call(emulator, "GET", "/persongroups/employees", TARGET)["name"] == "Employees"
