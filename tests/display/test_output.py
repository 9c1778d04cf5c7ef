"""Output that is lost, empty, or asked for in capitals: what is said of it, and what is not lost with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TAKE_IT, Program, Result
from tests.support.terminal import at_terminal
from tests.support.waiting import PATIENCE_S

SOON = ("--poll-interval", "0.2")
FULL = "No space left on device"


def into_a_full_disk(program: Program, *arguments: str, **environment: str) -> Result:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "facesnap_cli", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=program._process_environment() | environment,
            timeout=PATIENCE_S,
            check=False,
        )
    return Result(done.returncode, "", done.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
class TestFullDisk:
    @pytest.mark.parametrize("unbuffered", ["", "1"])
    def test_what_was_taken_is_named(self, program: Program, unbuffered: str) -> None:
        taken = into_a_full_disk(program, *TAKE_IT, *SOON, "-q", PYTHONUNBUFFERED=unbuffered)
        [known] = program.run("status", "--all", "-o", "json").json
        assert (taken.status, known["status"]) == (1, "succeeded")
        assert taken.err.splitlines() == [
            f"facesnap: the output could not be written: {FULL}",
            f"  to see what was done: facesnap status {known['operationId']}",
        ]

    def test_what_was_only_begun_is_named_to_be_resumed(self, program: Program) -> None:
        taken = into_a_full_disk(program, *TAKE_IT, "--no-wait", "-o", "json", PYTHONUNBUFFERED="1")
        [known] = program.run("status", "-o", "json").json
        assert taken.status == 1
        error = json.loads(taken.err)["error"]
        assert (error["code"], error["message"]) == ("Output", f"the output could not be written: {FULL}")
        assert error["resume"] == f"facesnap wait {known['operationId']}"

    def test_an_operation_that_failed_counts_for_more(self, program: Program, emulator: RunningEmulator) -> None:
        emulator.faults({"route": "POST /snapshots", "fail": "It was edited."})
        taken = into_a_full_disk(program, *TAKE_IT, *SOON, "-q")
        assert taken.status == 3
        assert "It was edited." in taken.err
        assert taken.err.splitlines()[-1] == f"facesnap: the output could not be written: {FULL}"

    def test_a_copy_is_verified_all_the_same(self, program: Program) -> None:
        program.run(*TAKE_IT, "-q")
        apply_it = ("apply", "latest", "-p", "target", "-i", "copy", "--verify", "quick", *SOON)
        applied = into_a_full_disk(program, *apply_it, PYTHONUNBUFFERED="1")
        assert applied.status == 1
        assert "verified: copy is the same as employees" in applied.err
        assert FULL in applied.err


def test_a_reader_that_went_away_does_not_hide_what_failed(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "POST /snapshots", "fail": "It was edited."})
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "facesnap_cli", *TAKE_IT, *SOON, "-q"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        env=program._process_environment() | {"PYTHONUNBUFFERED": "1"},
        timeout=PATIENCE_S,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 3
    assert "It was edited." in done.stderr
    assert "Traceback" not in done.stderr


def test_delete_says_what_it_did_and_what_it_would_do(program: Program) -> None:
    ids = [program.run(*TAKE_IT, "-q", "-o", "id").out.strip() for _ in range(3)]
    tried = program.run("delete", *ids, "--dry-run", "-o", "id")
    assert (tried.status, tried.out.split()) == (0, ids)
    assert tried.err == "would delete 3 snapshots (nothing was deleted)\n"
    deleted = program.run("delete", ids[0], "-y", "-o", "none")
    assert (deleted.status, deleted.out, deleted.err) == (0, "", "deleted 1 snapshot\n")
    assert program.run("delete", ids[1], "-y", "-q").err == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("list",), "no snapshots"),
        (("status",), "no open operations"),
        (("status", "--all"), "no operations"),
        (("wait",), "no open operations"),
    ],
)
def test_nothing_is_told_to_people_and_not_to_logs(program: Program, command: tuple[str, ...], said: str) -> None:
    for shown in (at_terminal(program, *command), program.run(*command, "-v")):
        assert (shown.status, shown.out, shown.err) == (0, "", f"{said}\n")
    for silent in (
        program.run(*command),
        at_terminal(program, *command, "-q"),
        at_terminal(program, *command, "-o", "json"),
    ):
        assert (silent.status, silent.out.strip("[]\n"), silent.err) == (0, "", "")


def test_no_difference_is_told_to_people(program: Program) -> None:
    target = str(program.directory / "employees.facesnap")
    program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", target, "-q")
    compared = at_terminal(program, "diff", target, target)
    assert (compared.status, compared.out, compared.err) == (0, "", "no differences\n")


def test_wait_any_prints_the_id_of_what_has_ended(program: Program, emulator: RunningEmulator) -> None:
    first = program.run(*TAKE_IT, "--no-wait", "-o", "id").out
    emulator.advance(1.5)
    program.run("take", "-t", "FaceList", "-i", "watchlist", "--no-wait")
    waited = program.run("wait", "--any", "-o", "id", "-q", "--poll-interval", "0.25s")
    assert (waited.status, waited.out, waited.err) == (0, first, "")


def test_a_format_may_be_written_in_any_case(program: Program) -> None:
    listed = program.run("list", "-o", "JSON")
    assert (listed.status, listed.json, listed.err) == (0, [], "")
    refused = program.run("list", "-p", "nope", "-o", "Json")
    assert (refused.status, refused.out) == (2, "")
    assert json.loads(refused.err)["error"]["exitCode"] == 2
    assert program.run("list", FACESNAP_OUTPUT="TSV").status == 0


def test_one_of_a_thing_is_told_in_the_singular(program: Program) -> None:
    taken = program.run(*TAKE_IT, "-v", "--no-wait", "-o", "none")
    assert (taken.status, taken.out) == (0, "")
    assert "1 take in 24 h is known here" in taken.err
    again = program.run(*TAKE_IT, "-v", "--no-wait", "-o", "none", "--force")
    assert "2 takes in 24 h are known here" in again.err


def test_an_error_is_json_where_the_environment_wants_it(program: Program) -> None:
    assert program.run("list", "-p", "nope", FACESNAP_OUTPUT="json").err.startswith('{"error"')
    assert program.run("list", "-p", "nope", "-qojson").err.startswith('{"error"')
