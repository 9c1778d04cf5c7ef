"""doctor: a line for each thing that a run needs, and the exit status of the first that is wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import SOURCE_KEYS, Program, Result
from tests.hostile.server import Received, Script, Step, answer, serving

CHECKS = [
    "versions",
    "configuration",
    "permissions",
    "journal",
    "endpoint",
    "key",
    "subscription",
    "service",
    "clock",
    "snapshots",
    "quota",
]
posix_only = pytest.mark.skipif(os.name != "posix", reason="such permissions are POSIX's")


def health(result: Result) -> dict[str, str]:
    return {finding["check"]: finding["status"] for finding in result.json}


def finding(result: Result, check: str) -> dict[str, str]:
    [found] = [one for one in result.json if one["check"] == check]
    return {name: str(value) for name, value in found.items()}


def test_a_sound_setup_is_one_ok_line_for_each_check(program: Program) -> None:
    result = program.run("doctor")
    assert (result.status, result.err) == (0, "")
    assert [line.split()[:2] for line in result.out.splitlines()] == [["ok", check] for check in CHECKS]
    assert SOURCE_KEYS[0] not in result.out


def test_as_json_each_check_has_its_status_message_and_hint(program: Program) -> None:
    result = program.run("doctor", "-o", "json")
    assert (result.status, result.err) == (0, "")
    assert list(health(result)) == CHECKS
    assert set(health(result).values()) == {"ok"}
    assert set(result.json[0]) == {"check", "subject", "status", "message", "hint", "exitCode"}


def test_it_changes_nothing_in_the_service(program: Program, emulator: RunningEmulator) -> None:
    assert program.run("doctor").status == 0
    calls = [(call["method"], call["path"], call["status"]) for call in emulator.requests()["requests"]]
    assert calls == [("GET", "/face/v1.0/persongroups", 200), ("POST", "/face/v1.0/snapshots", 400)]


def test_a_wrong_configuration_file_is_exit_13_and_the_rest_is_still_checked(program: Program) -> None:
    path = program.write_config("[profiles.a]\nendpoint = 3\n")
    result = program.run("doctor", "-o", "json")
    assert result.status == 13
    assert f"{path}:2" in finding(result, "configuration")["message"]
    assert health(result)["journal"] == "ok"
    assert health(result)["endpoint"] == "skipped"
    assert json.loads(result.err)["error"]["exitCode"] == 13


def test_a_wrong_value_in_another_profile_is_found_too(program: Program, emulator: RunningEmulator) -> None:
    path = program.configure(emulator.endpoint)
    path.write_text(path.read_text() + '[profiles.third]\nendpoint = "https://h.example"\ntype = "Group"\n')
    result = program.run("doctor", "-o", "json")
    assert result.status == 13
    assert "'Group'" in finding(result, "configuration")["message"]


def test_no_endpoint_is_exit_2_with_what_to_set(bare_program: Program) -> None:
    result = bare_program.run("doctor", "-o", "json")
    assert result.status == 2
    assert "FACESNAP_ENDPOINT" in finding(result, "endpoint")["hint"]


def test_a_key_that_cannot_be_read_is_exit_4(program: Program, emulator: RunningEmulator) -> None:
    path = program.configure(emulator.endpoint)
    path.write_text(path.read_text().replace(f'key = "{SOURCE_KEYS[0]}"', 'key_env = "FACE_KEY"', 1))
    result = program.run("doctor", "-o", "json")
    assert result.status == 4
    assert "FACE_KEY" in finding(result, "key")["message"]
    assert health(result)["service"] == "skipped"


def test_a_second_key_that_cannot_be_read_is_found_before_it_is_needed(
    program: Program, emulator: RunningEmulator
) -> None:
    program.configure(emulator.endpoint, key2_file='"missing.key"')
    result = program.run("doctor", "-o", "json")
    assert result.status == 4
    assert "missing.key" in finding(result, "key")["message"]


def test_a_refused_key_is_exit_4(bare_program: Program, emulator: RunningEmulator) -> None:
    result = bare_program.run("doctor", FACESNAP_ENDPOINT=emulator.endpoint, FACESNAP_KEY="0123456789abcdef" * 2)
    assert result.status == 4
    assert "failed   service" in result.out
    assert f"set FACESNAP_KEY to KEY 1 or KEY 2 of {emulator.endpoint}" in result.out
    assert result.err == "facesnap: 1 of 11 checks failed: service\n"


class TestTwoKeys:
    GOOD, OTHER = SOURCE_KEYS
    DEAD = "0123456789abcdef" * 2

    @pytest.mark.parametrize(
        ("first", "second", "exit_code", "status", "said", "hint"),
        [
            (GOOD, OTHER, 0, "ok", "takes both keys", ""),
            (GOOD, DEAD, 0, "warning", "refuses the second, key2_env (401)", "into key2_env before you regenerate"),
            (DEAD, GOOD, 0, "warning", "refuses the first key, key_env (401)", "the resource's new key into key_env"),
            (
                DEAD,
                DEAD[::-1],
                4,
                "failed",
                "it refuses both keys, key_env and key2_env (401)",
                "set the variable SECOND, which key2_env names, to KEY 2 of http://127.0.0.1",
            ),
        ],
    )
    def test_each_is_tried(
        self,
        program: Program,
        emulator: RunningEmulator,
        first: str,
        second: str,
        exit_code: int,
        status: str,
        said: str,
        hint: str,
    ) -> None:
        path = program.configure(emulator.endpoint, key2_env='"SECOND"')
        path.write_text(path.read_text().replace(f'key = "{SOURCE_KEYS[0]}"', 'key_env = "FIRST"', 1))
        result = program.run("doctor", "-q", "-o", "json", FIRST=first, SECOND=second)
        assert result.status == exit_code
        found = finding(result, "service")
        assert found["status"] == status
        assert said in found["message"]
        assert hint in found["hint"]
        gets = [call for call in emulator.requests()["requests"] if call["path"].endswith("/persongroups")]
        assert len(gets) == 2
        assert first not in result.out + result.err
        assert second not in result.out + result.err


def test_a_service_that_is_not_there_is_exit_9_after_one_try(bare_program: Program) -> None:
    result = bare_program.run("doctor", FACESNAP_ENDPOINT="http://127.0.0.1:1", FACESNAP_KEY=SOURCE_KEYS[0])
    assert result.status == 9
    assert bare_program.clock.slept_s == 0


def test_a_missing_snapshot_feature_is_a_note_with_what_still_works(bare_program: Program) -> None:
    with running(EmulatorOptions(port=0, service="retired")) as emulator:
        result = bare_program.run(
            "doctor", "-o", "json", FACESNAP_ENDPOINT=emulator.endpoint, FACESNAP_KEY=SOURCE_KEYS[0]
        )
    assert (result.status, result.err) == (0, "")
    found = finding(result, "snapshots")
    assert (found["status"], found["exitCode"]) == ("note", "0")
    assert "Microsoft retired Face snapshots on 30 June 2023" in found["message"]
    for way_out in ("facesnap export", "facesnap import", "facesnap emulator start", "original images"):
        assert way_out in found["hint"]


def test_a_missing_approval_is_exit_4_with_where_to_apply(bare_program: Program) -> None:
    with running(EmulatorOptions(port=0, service="gated")) as emulator:
        result = bare_program.run(
            "doctor", "-o", "json", FACESNAP_ENDPOINT=emulator.endpoint, FACESNAP_KEY=SOURCE_KEYS[0]
        )
    assert result.status == 4
    assert "https://aka.ms/facerecognition" in finding(result, "service")["hint"]


def test_a_missing_subscription_id_is_a_warning_with_the_command_that_sets_it(
    bare_program: Program, emulator: RunningEmulator
) -> None:
    result = bare_program.run("doctor", "-o", "json", FACESNAP_ENDPOINT=emulator.endpoint, FACESNAP_KEY=SOURCE_KEYS[0])
    assert result.status == 0
    found = finding(result, "subscription")
    assert found["status"] == "warning"
    assert "facesnap config set subscription_id GUID" in found["hint"]


@pytest.mark.parametrize(
    ("date", "side"), [("Mon, 01 Jan 2001 00:00:00 GMT", "ahead of"), ("Fri, 01 Jan 2100 00:00:00 GMT", "behind")]
)
def test_a_clock_that_goes_wrong_is_a_warning(bare_program: Program, date: str, side: str) -> None:
    with serving(_well(Date=date)) as server:
        result = bare_program.run(
            "doctor", "-o", "json", FACESNAP_ENDPOINT=server.endpoint, FACESNAP_KEY=SOURCE_KEYS[0]
        )
    assert result.status == 0
    assert health(result)["clock"] == "warning"
    assert side in finding(result, "clock")["message"]


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 20010 00:00:00 GMT", "\x1b[31m"])
def test_a_service_without_a_time_is_no_trouble(bare_program: Program, date: str) -> None:
    with serving(_well(Date=date)) as server:
        result = bare_program.run("doctor", FACESNAP_ENDPOINT=server.endpoint, FACESNAP_KEY=SOURCE_KEYS[0])
    assert result.status == 0
    assert "does not say what time it is" in result.out


@posix_only
def test_a_state_directory_that_others_may_read_is_a_warning_with_the_chmod(program: Program) -> None:
    state = program.directory / "state"
    state.mkdir(mode=0o755)
    result = program.run("doctor", "-o", "json")
    assert result.status == 0
    assert health(result)["permissions"] == "warning"
    assert finding(result, "permissions")["hint"] == f"chmod go= {state}"


def test_open_operations_are_counted(program: Program) -> None:
    program.run("take", "-t", "PersonGroup", "-i", "employees", "--no-wait")
    result = program.run("doctor", "-o", "json")
    assert "1 operation, 1 open" in finding(result, "journal")["message"]
    assert "about 99 of 100 are left" in finding(result, "quota")["message"]


class TestAsCron:
    def test_it_finds_what_only_this_shell_knows(self, tmp_path: Path, emulator: RunningEmulator) -> None:
        program = Program(tmp_path, environment={"HOME": str(tmp_path)})
        here = {"FACESNAP_ENDPOINT": emulator.endpoint, "FACESNAP_KEY": SOURCE_KEYS[0]}
        assert program.call("doctor", **here).status == 0
        result = program.call("doctor", "--as-cron", "-o", "json", **here)
        assert result.status == 2
        assert health(result)["environment"] == "warning"
        assert "FACESNAP_ENDPOINT, FACESNAP_KEY" in finding(result, "environment")["hint"]
        assert SOURCE_KEYS[0] not in result.out + result.err

    def test_a_configuration_that_needs_no_environment_passes(self, tmp_path: Path, emulator: RunningEmulator) -> None:
        program = Program(tmp_path, environment={"HOME": str(tmp_path)})
        path = program.configure(emulator.endpoint)
        result = program.call("doctor", "--as-cron", "--config", os.path.relpath(path), "-p", "target", "-o", "json")
        assert (result.status, health(result)["snapshots"]) == (0, "ok")
        assert str(tmp_path) in finding(result, "journal")["message"]

    def test_what_cron_would_not_have_is_no_reason_to_fail(self, tmp_path: Path, emulator: RunningEmulator) -> None:
        program = Program(tmp_path, environment={"HOME": str(tmp_path)})
        path = program.configure(emulator.endpoint)
        here = {"FACESNAP_PROFILE": "nope", "FACESNAP_CONFIG": "/no/such/file"}
        result = program.call("doctor", "--as-cron", "--config", str(path), "-o", "json", **here)
        assert (result.status, result.err) == (0, "")
        assert "FACESNAP_PROFILE" in finding(result, "environment")["hint"]

    def test_nothing_of_this_environment_is_left_there(self, tmp_path: Path, emulator: RunningEmulator) -> None:
        program = Program(tmp_path, environment={"HOME": str(tmp_path), "SOME_SECRET": "hush"})
        command = f"sh -c 'env > {tmp_path}/seen; tty >> {tmp_path}/seen; echo {SOURCE_KEYS[0]}'"
        path = program.write_config(f'[profiles.a]\nendpoint = "{emulator.endpoint}"\nkey_command = "{command}"\n')
        assert program.call("doctor", "--as-cron", "--config", str(path)).status == 0
        seen = (tmp_path / "seen").read_text()
        assert "PATH=/usr/bin:/bin" in seen
        assert "SOME_SECRET" not in seen
        assert "FACESNAP" not in seen
        assert "not a tty" in seen

    def test_a_home_that_is_not_there_is_told(self, program: Program) -> None:
        result = program.run("doctor", "--as-cron", HOME="/no/such/home")
        assert (result.status, result.out) == (13, "")
        assert "/no/such/home" in result.err


def _well(**headers: str) -> Script:
    def script(request: Received) -> list[Step]:
        refused = {"error": {"code": "BadArgument", "message": "type is missing"}}
        return answer(200, [], **headers) if request.method == "GET" else answer(400, refused)

    return script


def test_a_clock_that_is_wrong_is_reported_once(program: Program, emulator: RunningEmulator) -> None:
    emulator.advance(3 * 86400)
    result = program.run("doctor", "-o", "json")
    assert (health(result)["clock"], result.err) == ("warning", "")
