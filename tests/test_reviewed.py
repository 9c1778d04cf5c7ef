"""What a reviewer broke once: two processes at once, streams that are closed, answers that mislead."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import httpx
import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, TARGET_SUBSCRIPTION, Program
from tests.test_killed import posts, until

TAKE_IT = ("take", "-t", "PersonGroup", "-i", "employees")
THIRD_SUBSCRIPTION = "cccccccc-0000-4000-8000-000000000003"


def test_of_processes_that_start_the_same_take_one_pays(program: Program, emulator: RunningEmulator) -> None:
    processes = [program.start(*TAKE_IT, "--no-wait", "-q") for _ in range(6)]
    statuses = sorted(process.wait(60) for process in processes)
    for process in processes:
        process.communicate()
    assert statuses == [0, 6, 6, 6, 6, 6]
    assert posts(emulator, "/snapshots") == 1


@pytest.mark.parametrize(
    "wanted", [("-s", THIRD_SUBSCRIPTION), ("--user-data", "another")], ids=["another scope", "other user data"]
)
def test_a_lost_take_is_not_taken_for_one_that_wants_something_else(
    program: Program, emulator: RunningEmulator, wanted: tuple[str, str]
) -> None:
    emulator.faults({"route": "POST /snapshots", "drop": "after", "count": 1})
    program.run(*TAKE_IT)
    emulator.advance(10)
    taken = program.run(*TAKE_IT, *wanted, "-o", "id")
    assert taken.status == 0
    shown = program.run("show", taken.out.strip(), "-o", "json").json
    assert wanted[1] in (*shown["applyScope"], shown["userData"])
    assert "this is another take" in taken.err


def test_an_apply_of_one_snapshot_is_not_taken_for_that_of_another(program: Program, emulator: RunningEmulator) -> None:
    first, second = (program.run(*TAKE_IT, "-o", "id", "-q").out.strip() for _ in range(2))
    emulator.faults({"route": "POST /snapshots/*/apply", "drop": "after", "count": 1})
    assert program.run("apply", first, "-p", "target", "-i", "copy").status == 10
    emulator.advance(10)
    assert program.run("apply", second, "-p", "target", "-i", "copy").status == 6


@pytest.mark.parametrize("answer", [{"code": "RateLimitExceeded"}, {"body": ""}, {"body": "<html>slow down</html>"}])
def test_a_throttled_look_is_repeated_whatever_it_says(
    program: Program, emulator: RunningEmulator, answer: dict[str, object]
) -> None:
    emulator.faults({"route": "GET /operations/*", "status": 429, "count": 1, "retryAfter": 1} | answer)
    assert program.run(*TAKE_IT, "-q").status == 0


def test_a_take_that_was_refused_until_it_was_interrupted_is_none(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "POST /snapshots", "status": 429, "retryAfter": 60})
    process = program.start(*TAKE_IT)
    until(lambda: posts(emulator, "/snapshots"), "the refusal")
    time.sleep(0.3)  # the refusal arrives, and the rest that it asks for begins
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 143
    assert "goes on" not in err
    assert "go on" not in err
    emulator.faults()
    assert program.run(*TAKE_IT, "-q").status == 0


def test_an_operation_that_the_service_forgot_does_not_stand_in_the_way_forever(
    program: Program, emulator: RunningEmulator
) -> None:
    program.run(*TAKE_IT, "--no-wait")
    emulator.reset()
    forgotten = program.run("status")
    assert forgotten.status == 5
    assert "--force" in forgotten.err
    program.clock.sleep(13 * 3600)
    assert program.run(*TAKE_IT, "-q").status == 0


def test_status_of_a_named_operation_tells_its_failure_again(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "POST /snapshots", "fail": "It was edited."})
    program.run(*TAKE_IT, "-q")
    [known] = program.run("status", "--all", "-o", "json").json
    assert program.run("status", "--all").status == 0
    named = program.run("status", known["operationId"])
    assert named.status == 3
    assert "It was edited." in named.err


@pytest.mark.parametrize("status", [400, 401, 403, 409])
def test_a_look_that_fails_for_good_tells_how_to_look_again(
    program: Program, emulator: RunningEmulator, status: int
) -> None:
    emulator.faults({"route": "GET /operations/*", "status": status})
    taken = program.run(*TAKE_IT, "-q")
    assert taken.status == {400: 9, 401: 4, 403: 4, 409: 6}[status]
    assert "facesnap wait " in taken.err


def test_a_timeout_is_kept_while_the_service_asks_for_rest(program: Program, emulator: RunningEmulator) -> None:
    program.run(*TAKE_IT, "--no-wait")
    emulator.faults({"route": "GET /operations/*", "status": 429, "retryAfter": 25})
    before = program.clock.slept_s
    waited = program.run("wait", "--timeout", "3")
    assert waited.status == 8
    assert program.clock.slept_s - before <= 3.1


def test_several_that_still_run_are_resumed_together(program: Program) -> None:
    program.run(*TAKE_IT, "--no-wait")
    program.run("take", "-t", "FaceList", "-i", "watchlist", "--no-wait")
    waited = program.run("wait", "--timeout", "1")
    assert waited.status == 8
    resume = next(line for line in waited.err.splitlines() if "facesnap wait " in line)
    assert len(resume.split()) == 4


def test_a_source_that_is_gone_is_told_as_what_it_is(program: Program, emulator: RunningEmulator) -> None:
    snapshot = program.run(*TAKE_IT, "-o", "id", "-q").out.strip()
    headers = {"Ocp-Apim-Subscription-Key": emulator.accounts[0].keys[0]}
    httpx.delete(f"{emulator.endpoint}/face/v1.0/persongroups/employees", headers=headers).raise_for_status()
    applied = program.run("apply", snapshot, "-p", "target", "-i", "a", "--verify", "quick", "-q")
    assert applied.status == 14
    assert "was applied, but its source employees is gone" in applied.err


def test_a_query_that_does_not_fit_loses_no_result(program: Program, emulator: RunningEmulator) -> None:
    for query in ("length(elapsedSeconds)", "to_number('nan')"):
        taken = program.run(*TAKE_IT, "-o", "json", "-q", "--query", query)
        assert taken.status == 1
        assert taken.json["status"] == "succeeded"


def test_a_full_id_is_held_to_its_type_too(program: Program) -> None:
    snapshot = program.run(*TAKE_IT, "-o", "id", "-q").out.strip()
    assert program.run("delete", snapshot, "--type", "FaceList", "-y").status == 5
    assert program.run("show", snapshot).status == 0


def test_an_update_that_worked_is_told_where_the_look_at_it_fails(program: Program, emulator: RunningEmulator) -> None:
    snapshot = program.run(*TAKE_IT, "-o", "id", "-q").out.strip()
    emulator.faults({"route": "GET /snapshots/{snapshotId}", "status": 503, "skip": 1})
    updated = program.run("update", snapshot, "--user-data", "kept", "-o", "json")
    assert (updated.status, updated.json["userData"]) == (0, "kept")


def test_an_update_without_an_answer_tells_how_to_settle_it(program: Program, emulator: RunningEmulator) -> None:
    snapshot = program.run(*TAKE_IT, "-o", "id", "-q").out.strip()
    emulator.faults({"route": "PATCH /snapshots/*", "drop": "after"})
    updated = program.run("update", snapshot, "--user-data", "kept")
    assert updated.status == 10
    assert f"facesnap show {snapshot}" in updated.err


def test_the_newest_within_a_second_is_latest(program: Program, emulator: RunningEmulator) -> None:
    ids = [program.run(*TAKE_IT, "-o", "id", "-q").out.strip()]
    for _ in range(3):
        program.clock.sleep(0.1)
        ids.append(program.run(*TAKE_IT, "-o", "id", "-q").out.strip())
    assert program.run("list", "-o", "id").out.split() == ids
    assert program.run("show", "latest", "-o", "id").out.strip() == ids[-1]


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", "2>/dev/full", "2> >(true)"])
def test_streams_that_are_closed_or_gone_change_no_outcome(
    program: Program, emulator: RunningEmulator, redirection: str
) -> None:
    command = f"{sys.executable} -m facesnap_cli {' '.join(TAKE_IT)} --poll-interval 0.2 {redirection}"
    done = subprocess.run(["bash", "-c", command], env=program._process_environment(), capture_output=True, timeout=60)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert posts(emulator, "/snapshots") == 1


def test_a_reader_that_went_away_is_exit_141(program: Program) -> None:
    command = f"{sys.executable} -m facesnap_cli config show | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=program._process_environment(), capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_error_is_json_where_the_environment_wants_it(program: Program) -> None:
    assert program.run("list", "-p", "nope", FACESNAP_OUTPUT="json").err.startswith('{"error"')
    assert program.run("list", "-p", "nope", "-qojson").err.startswith('{"error"')


def test_a_second_key_source_does_not_break_the_profile(program: Program) -> None:
    changed = program.run("config", "set", "key_env", "MY_KEY")
    assert (changed.status, changed.out) == (0, "")
    assert "key is removed: a profile has one key source\n" in changed.err
    assert program.run("list", MY_KEY=SOURCE_KEYS[0]).status == 0


def test_a_key_is_not_taken_for_a_variables_name(bare_program: Program) -> None:
    key = "a0000000000000000000000000000001"
    made = bare_program.run("config", "init", "-p", "x", "--endpoint", "https://host", "--key-env", key)
    assert made.status == 2
    assert key not in made.err


def test_what_killed_processes_leave_is_swept(program: Program, emulator: RunningEmulator) -> None:
    process = program.start(*TAKE_IT, "--poll-interval", "0.2")
    until(lambda: emulator.requests()["counts"].get("GET /operations/{operationId}"), "a poll")
    process.kill()
    process.communicate()
    owners = program.directory / "state" / "owners"
    assert len(list(owners.iterdir())) == 1
    emulator.advance(10)
    assert program.run("wait", "-q").status == 0
    assert list(owners.iterdir()) == []


def test_accounts_of_one_endpoint_are_told_apart_by_their_subscription(
    program: Program, emulator: RunningEmulator
) -> None:
    source = {"FACESNAP_ENDPOINT": emulator.endpoint, "FACESNAP_KEY": emulator.accounts[0].keys[0]}
    source |= {"FACESNAP_SUBSCRIPTION_ID": emulator.accounts[0].subscription_id, "FACESNAP_CONFIG": "/dev/null"}
    target = source | {"FACESNAP_KEY": emulator.accounts[1].keys[0], "FACESNAP_SUBSCRIPTION_ID": TARGET_SUBSCRIPTION}
    program.run(*TAKE_IT, "--no-wait", "-s", TARGET_SUBSCRIPTION, **source)
    other = program.run("wait", **target)
    assert other.status == 2
    assert "another subscription" in other.err
    assert program.run("wait", "-q", **source).status == 0
