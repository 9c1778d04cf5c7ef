"""Operations are never lost, never sent twice, and never called a success when they are none."""

from __future__ import annotations

import json
import shlex
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import TAKE_IT, LinkedClock, Program, take_employees
from tests.support.gate import gate
from tests.support.service import make_groups, posts
from tests.support.waiting import HANG_S, PATIENCE_S, until

FORMATS = ["table", "json", "jsonl", "tsv", "id", "none"]


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[Program, RunningEmulator]]:
    """A program, and an emulator whose takes run for ten minutes."""
    with (
        running(EmulatorOptions(port=0, take_time=600, seed="demo")) as emulator,
        closing(Program(tmp_path, LinkedClock(emulator))) as program,
    ):
        program.configure(emulator.endpoint)
        yield program, emulator


@pytest.fixture
def operator_of_slow_answers(slow: tuple[Program, RunningEmulator]) -> tuple[Program, RunningEmulator]:
    """A program with two open operations, and an emulator that never answers what becomes of them."""
    program, emulator = slow
    program.run(*TAKE_IT, "--no-wait")
    program.run(*TAKE_IT, "--no-wait", "--force")
    emulator.faults({"route": "GET /operations/*", "delay": HANG_S})
    return slow


def test_a_lost_answer_is_unknown_after_one_post(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "POST /snapshots", "drop": "after"})
    taken = program.run(*TAKE_IT)
    assert (taken.status, taken.out) == (10, "")
    assert "facesnap wait" in taken.err
    assert posts(emulator, "/snapshots") == 1


@pytest.mark.parametrize("status", [408, 500, 503])
def test_a_post_answered_by_a_server_error_is_unknown_and_not_repeated(
    program: Program, emulator: RunningEmulator, status: int
) -> None:
    emulator.faults({"route": "POST /snapshots", "status": status})
    taken = program.run(*TAKE_IT)
    assert (taken.status, posts(emulator, "/snapshots")) == (10, 1)


@pytest.mark.parametrize("location", ["missing", "absolute", "elsewhere", "lower", "upper"])
def test_an_operation_id_is_taken_from_any_location_and_its_host_from_none(
    program: Program, emulator: RunningEmulator, location: str
) -> None:
    emulator.faults({"route": "POST /snapshots", "location": location})
    taken = program.run(*TAKE_IT)
    assert taken.status == (10 if location == "missing" else 0)
    assert posts(emulator, "/snapshots") == 1


@pytest.mark.parametrize("command", [("wait",), ("status",), TAKE_IT])
def test_a_lost_take_is_adopted_by_its_tag(
    program: Program, emulator: RunningEmulator, command: tuple[str, ...]
) -> None:
    emulator.faults({"route": "POST /snapshots", "drop": "after"})
    program.run(*TAKE_IT)
    emulator.faults()
    emulator.advance(10)
    settled = program.run(*command, "-o", "json", "-q")
    found = settled.json if command == TAKE_IT else settled.json[0]
    assert (settled.status, found["status"], found["objectId"]) == (0, "succeeded", "employees")
    assert program.run("show", found["snapshotId"]).status == 0
    assert posts(emulator, "/snapshots") == 1


def test_a_lost_take_is_adopted_by_its_own_user_data(program: Program, emulator: RunningEmulator) -> None:
    take_employees(program)  # this shows which account the profile leads to
    emulator.faults({"route": "POST /snapshots", "drop": "after"})
    program.run(*TAKE_IT, "--user-data", "nightly 2026-11-23")
    emulator.advance(10)
    assert program.run("wait", "-q").status == 0


def test_a_lost_take_does_not_adopt_a_snapshot_whose_account_is_not_known_to_be_its_own(
    program: Program, emulator: RunningEmulator
) -> None:
    emulator.faults({"route": "POST /snapshots", "drop": "after"})
    program.run(*TAKE_IT, "--user-data", "nightly 2026-11-23")
    emulator.advance(10)
    waited = program.run("wait")
    assert waited.status == 10
    assert waited.err.count("has the user data of take PersonGroup employees, but it is not known whether") == 1


def test_a_lost_take_without_tag_or_match_stays_unknown_and_says_so(
    program: Program, emulator: RunningEmulator
) -> None:
    emulator.faults({"route": "POST /snapshots", "drop": "after"})
    program.run(*TAKE_IT, "--no-tag")
    emulator.advance(10)
    waited = program.run("wait")
    assert waited.status == 10
    assert "--no-tag" in waited.err


def test_wait_with_a_timeout_looks_for_a_lost_take_until_it_shows(
    slow: tuple[Program, RunningEmulator],
) -> None:
    program, emulator = slow
    emulator.faults({"route": "POST /snapshots", "drop": "after"})
    program.run(*TAKE_IT)
    assert program.run("wait").status == 10
    waited = program.run("wait", "--timeout", "20m", "-o", "json", "-q")
    assert (waited.status, waited.json[0]["status"]) == (0, "succeeded")


def test_a_take_that_left_no_trace_for_half_a_day_stands_in_the_way_no_longer(
    program: Program, emulator: RunningEmulator
) -> None:
    emulator.faults({"route": "POST /snapshots", "drop": "before", "count": 1})
    assert program.run(*TAKE_IT).status == 10
    assert program.run(*TAKE_IT).status == 10
    program.clock.sleep(13 * 3600)
    assert program.run(*TAKE_IT, "-q").status == 0


def test_a_lost_apply_is_settled_by_its_target(program: Program, emulator: RunningEmulator) -> None:
    program.run(*TAKE_IT, "-q")
    emulator.faults({"route": "POST /snapshots/*/apply", "drop": "after"})
    assert program.run("apply", "latest", "-p", "target", "-i", "copy").status == 10
    emulator.advance(10)
    waited = program.run("wait", "-o", "json", "-q")
    assert (waited.status, waited.json[0]["resourceLocation"]) == (0, "/persongroup/copy")
    assert posts(emulator, "/apply") == 1


def test_the_same_take_is_not_started_twice(slow: tuple[Program, RunningEmulator]) -> None:
    program, emulator = slow
    started = program.run(*TAKE_IT, "--no-wait", "-o", "id")
    again = program.run(*TAKE_IT)
    assert (again.status, again.out) == (6, "")
    assert started.out.strip() in again.err
    assert program.run(*TAKE_IT, "--no-wait", "--force").status == 0
    assert posts(emulator, "/snapshots") == 2


def test_a_take_that_has_ended_unseen_is_not_in_the_way_of_the_next(
    slow: tuple[Program, RunningEmulator],
) -> None:
    program, emulator = slow
    first = program.run(*TAKE_IT, "--no-wait", "-o", "id", "-q").out.strip()
    emulator.advance(601)
    second = program.run(*TAKE_IT, "--no-wait", "-o", "id", "-q")
    assert (second.status, posts(emulator, "/snapshots")) == (0, 2)
    assert second.out.strip() != first
    assert program.run("status", first, "-o", "json").json[0]["status"] == "succeeded"


def test_max_age_reuses_a_young_snapshot_and_not_an_old_one(program: Program, emulator: RunningEmulator) -> None:
    first = program.run(*TAKE_IT, "-o", "id", "-q")
    again = program.run(*TAKE_IT, "--max-age", "20h", "-o", "id", "-q")
    assert (again.status, again.out) == (0, first.out)
    program.clock.sleep(21 * 3600)
    later = program.run(*TAKE_IT, "--max-age", "20h", "-o", "id", "-q")
    assert later.status == 0
    assert later.out != first.out


def test_max_age_says_that_nothing_was_taken(program: Program, emulator: RunningEmulator) -> None:
    program.run(*TAKE_IT, "-q")
    again = program.run(*TAKE_IT, "--max-age", "1h", "-o", "id")
    assert again.status == 0
    assert "is young enough: nothing is taken" in again.err
    assert posts(emulator, "/snapshots") == 1


def test_max_age_reuses_no_snapshot_of_other_user_data(program: Program, emulator: RunningEmulator) -> None:
    program.run(*TAKE_IT, "-q")
    other = program.run(*TAKE_IT, "--max-age", "1h", "--user-data", "release 7", "-o", "id", "-q")
    assert (other.status, posts(emulator, "/snapshots")) == (0, 2)
    assert program.run("show", other.out.strip(), "-o", "json").json["userData"] == "release 7"
    same = program.run(*TAKE_IT, "--max-age", "1h", "--user-data", "release 7", "-o", "id", "-q")
    assert (same.out, posts(emulator, "/snapshots")) == (other.out, 2)


def test_max_age_and_force_exclude_each_other(program: Program, emulator: RunningEmulator) -> None:
    refused = program.run(*TAKE_IT, "--max-age", "1h", "--force")
    assert (refused.status, refused.out) == (2, "")
    assert "give one of them" in refused.err
    assert posts(emulator, "/snapshots") == 0


def test_max_age_reuses_what_another_machine_took(program: Program, emulator: RunningEmulator, tmp_path: Path) -> None:
    elsewhere = {"FACESNAP_STATE_DIR": str(tmp_path / "another")}
    assert program.run("take", "-t", "FaceList", "-i", "watchlist", "-q", **elsewhere).status == 0
    first = program.run(*TAKE_IT, "-o", "id", "-q")
    again = program.run(*TAKE_IT, "--max-age", "20h", "-o", "id", "-q", **elsewhere)
    assert (again.status, again.out) == (0, first.out)
    assert posts(emulator, "/snapshots") == 2


def test_max_age_reuses_nothing_before_it_is_known_whose_it_is(
    program: Program, emulator: RunningEmulator, tmp_path: Path
) -> None:
    first = program.run(*TAKE_IT, "-o", "id", "-q").out.strip()
    elsewhere = {"FACESNAP_STATE_DIR": str(tmp_path / "another")}
    program.clock.sleep(60)
    again = program.run(*TAKE_IT, "--max-age", "20h", "-o", "id", **elsewhere)
    assert again.status == 0
    assert again.err.count(f"snapshot {first} of PersonGroup employees, taken ") == 1
    assert "is not used again: it is not known whether" in again.err
    third = program.run(*TAKE_IT, "--max-age", "20h", "-o", "id", "-q", **elsewhere)
    assert (third.status, third.out) == (0, again.out)
    assert posts(emulator, "/snapshots") == 2


@pytest.mark.parametrize("output", FORMATS)
def test_a_failed_operation_is_exit_3_with_the_services_message(
    program: Program, emulator: RunningEmulator, output: str
) -> None:
    emulator.faults({"route": "POST /snapshots", "fail": "Failed to retrieve the source object."})
    taken = program.run(*TAKE_IT, "-o", output, "-q")
    assert taken.status == 3
    assert "Failed to retrieve the source object." in taken.err
    assert (taken.out == "") == (output in ("id", "none"))


@pytest.mark.parametrize("output", FORMATS)
def test_an_expired_snapshot_is_exit_5(program: Program, emulator: RunningEmulator, output: str) -> None:
    snapshot = program.run(*TAKE_IT, "-o", "id", "-q").out.strip()
    program.clock.sleep(49 * 3600)
    applied = program.run("apply", snapshot, "-p", "target", "-i", "copy", "-o", output)
    assert (applied.status, applied.out) == (5, "")
    assert posts(emulator, "/apply") == 0


@pytest.mark.parametrize("output", FORMATS)
def test_a_timeout_is_exit_8_with_the_line_to_resume(slow: tuple[Program, RunningEmulator], output: str) -> None:
    program, _ = slow
    taken = program.run(*TAKE_IT, "--timeout", "1m", "-o", output, "-q")
    assert taken.status == 8
    assert "facesnap wait " in taken.err
    assert (taken.out == "") == (output in ("id", "none"))
    assert program.run("wait", "-q").status == 0


@pytest.mark.parametrize("output", FORMATS)
def test_a_used_up_quota_is_exit_7_and_not_repeated(program: Program, emulator: RunningEmulator, output: str) -> None:
    emulator.faults(
        {
            "route": "POST /snapshots",
            "status": 403,
            "message": "Out of call volume quota. Quota will be replenished in 2.12 days.",
            "envelope": "gateway",
        }
    )
    taken = program.run(*TAKE_IT, "-o", output)
    assert (taken.status, taken.out) == (7, "")
    assert "replenished in 2.12 days" in taken.err
    assert posts(emulator, "/snapshots") == 1
    assert program.run("status", "-o", "json").json == []


@pytest.mark.parametrize(
    "throttle",
    [{"retryAfter": 21}, {"retryAfterDate": 21}, {"message": "Rate limit is exceeded. Try again in 21 seconds."}],
    ids=["seconds", "date", "message"],
)
def test_throttling_is_waited_out_as_the_service_asks(
    program: Program, emulator: RunningEmulator, throttle: dict[str, object]
) -> None:
    emulator.faults({"route": "POST /snapshots", "status": 429, "count": 1} | throttle)
    before = program.clock.slept_s
    taken = program.run(*TAKE_IT, "--no-wait")
    assert (taken.status, posts(emulator, "/snapshots")) == (0, 2)
    assert 20 <= program.clock.slept_s - before <= 23


def test_a_poll_that_is_throttled_or_fails_is_repeated(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "GET /operations/*", "status": 503, "count": 2})
    emulator.faults({"route": "GET /operations/*", "status": 429, "count": 1})
    taken = program.run(*TAKE_IT, "-o", "json", "-q")
    assert (taken.status, taken.json["status"]) == (0, "succeeded")


def test_a_success_without_a_location_is_found_by_its_tag_and_is_no_success_without(
    program: Program, emulator: RunningEmulator
) -> None:
    body = '{"status":"succeeded","createdTime":"2026-01-01T00:00:00Z"}'
    emulator.faults({"route": "GET /operations/*", "body": body, "status": 200})
    emulator.faults({"route": "GET /snapshots", "status": 200, "body": "[]", "count": 1})
    untagged = program.run(*TAKE_IT, "--no-tag", "-o", "id", "-q")
    assert (untagged.status, untagged.out) == (10, "")
    emulator.advance(10)
    program.clock.sleep(5)
    started = program.run(*TAKE_IT, "-o", "id", "-q", "--poll-interval", "5s")
    assert (started.status, len(started.out)) == (0, 37)


def test_a_service_that_is_away_for_a_while_is_waited_for_and_told(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "GET /operations/*", "drop": "before", "count": 3})
    taken = program.run(*TAKE_IT, "-q", "-o", "none")
    assert taken.status == 0
    assert taken.err.count("warning:") == 1
    assert "; going on" in taken.err


def test_ctrl_c_while_the_answer_is_awaited_names_the_intent_to_resume(
    program: Program, emulator: RunningEmulator
) -> None:
    with gate(emulator.endpoint) as opened:
        program.configure(opened.endpoint)
        opened.stop_answer = "POST /face/v1.0/snapshots "
        process = program.start(*TAKE_IT)
        assert opened.stopped.wait(PATIENCE_S)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
        opened.open()
        assert process.returncode == 130
        intent = err.strip().split()[-1]
        emulator.advance(10)
        waited = program.run("wait", intent, "-o", "json", "-q")
        assert (waited.status, waited.json[0]["status"]) == (0, "succeeded")


def test_an_operation_of_another_profile_is_polled_with_its_key(program: Program, emulator: RunningEmulator) -> None:
    program.run(*TAKE_IT, "-q")
    program.run("apply", "latest", "-p", "target", "-i", "copy", "--no-wait")
    emulator.advance(10)
    assert program.run("wait", "-q").status == 0
    polls = [call for call in emulator.requests()["requests"] if "/operations/" in call["path"]]
    assert polls[-1]["account"] == "facesnap-emulator-target"


def test_wait_any_returns_with_the_first(program: Program, emulator: RunningEmulator) -> None:
    program.run(*TAKE_IT, "--no-wait")
    emulator.advance(1.5)
    program.run("take", "-t", "FaceList", "-i", "watchlist", "--no-wait")
    waited = program.run("wait", "--any", "-o", "json", "-q", "--poll-interval", "0.25s")
    assert waited.status == 0
    assert sorted(one["status"] for one in waited.json) == ["running", "succeeded"]


def test_some_failed_of_many_is_exit_11(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "POST /snapshots", "fail": "It was edited.", "count": 1})
    program.run(*TAKE_IT, "--no-wait")
    program.run("take", "-t", "FaceList", "-i", "watchlist", "--no-wait")
    waited = program.run("wait", "-o", "json", "-q")
    assert waited.status == 11
    assert "1 of 2 operations" in json.loads(waited.err)["error"]["message"]


def test_an_operation_started_elsewhere_is_of_no_kind_until_it_has_ended(
    slow: tuple[Program, RunningEmulator], tmp_path: Path
) -> None:
    program, emulator = slow
    operation = program.run(*TAKE_IT, "--no-wait", "-o", "id", "-q").out.strip()
    emulator.advance(300)
    program.clock.slept_s += 300
    elsewhere = {"FACESNAP_STATE_DIR": str(tmp_path / "elsewhere")}
    seen = program.run("status", operation, "-o", "json", **elsewhere).json[0]
    assert (seen["kind"], seen["status"], seen["objectId"]) == (None, "running", None)
    assert 290 < seen["elapsedSeconds"] < 310
    emulator.advance(600)
    program.clock.slept_s += 600
    ended = program.run("status", operation, "-o", "json", **elsewhere).json[0]
    assert (ended["kind"], ended["objectType"], ended["objectId"]) == ("take", "PersonGroup", "employees")


def test_an_operation_found_by_several_processes_at_once_is_one(
    slow: tuple[Program, RunningEmulator], tmp_path: Path
) -> None:
    program, _ = slow
    operation = program.run(*TAKE_IT, "--no-wait", "-o", "id", "-q").out.strip()
    elsewhere = {"FACESNAP_STATE_DIR": str(tmp_path / "elsewhere")}
    processes = [program.start("status", operation, "-o", "id", "-q", **elsewhere) for _ in range(4)]
    said = [process.communicate(timeout=PATIENCE_S) for process in processes]
    assert said == [(f"{operation}\n", "")] * 4
    listed = program.run("status", "--all", "-o", "id", **elsewhere)
    assert (listed.status, listed.out.split()) == (0, [operation])


def test_status_asks_once_for_an_operation_that_the_journal_does_not_know(
    slow: tuple[Program, RunningEmulator], tmp_path: Path
) -> None:
    program, emulator = slow
    operation = program.run(*TAKE_IT, "--no-wait", "-o", "id", "-q").out.strip()
    before = len(emulator.requests()["requests"])
    elsewhere = {"FACESNAP_STATE_DIR": str(tmp_path / "elsewhere")}
    assert program.run("status", operation, "-o", "id", **elsewhere).out.strip() == operation
    assert len(emulator.requests()["requests"]) == before + 1


def test_an_unknown_operation_id_hints_at_the_profile(program: Program) -> None:
    unknown = program.run("wait", "12345678-1234-4123-8123-123456789012")
    assert (unknown.status, unknown.out) == (5, "")
    assert "check --profile" in unknown.err


def test_a_line_to_resume_names_the_configuration_file_that_was_given(slow: tuple[Program, RunningEmulator]) -> None:
    program, _ = slow
    other = program.directory / "other config.toml"
    (program.directory / "config.toml").rename(other)
    cut = program.run("--config", str(other), *TAKE_IT, "--timeout", "1", "-q")
    assert cut.status == 8
    line = shlex.split(cut.err.splitlines()[-1])
    assert program.run(*line[1:], "-q").status == 0


def test_a_profile_that_is_in_another_file_is_told_as_that(
    slow: tuple[Program, RunningEmulator], tmp_path: Path
) -> None:
    program, _ = slow
    program.run(*TAKE_IT, "--no-wait")
    empty = tmp_path / "empty.toml"
    empty.touch(0o600)
    waited = program.run("wait", FACESNAP_CONFIG=str(empty))
    assert waited.status == 2
    assert f"started with profile source, which is not in {empty}" in waited.err


def test_an_operation_of_a_profile_that_was_renamed_is_found_by_endpoint_and_subscription(
    slow: tuple[Program, RunningEmulator],
) -> None:
    program, emulator = slow
    program.run(*TAKE_IT, "--no-wait")
    config = program.directory / "config.toml"
    config.write_text(config.read_text().replace("profiles.source", "profiles.prod").replace('"source"', '"target"'))
    emulator.advance(601)
    waited = program.run("wait", "-o", "json", "-q")
    assert (waited.status, waited.json[0]["status"], waited.err) == (0, "succeeded", "")


def test_an_operation_that_cannot_be_asked_is_not_said_to_run(slow: tuple[Program, RunningEmulator]) -> None:
    program, emulator = slow
    program.run(*TAKE_IT, "--no-wait")
    emulator.faults({"route": "GET /operations/*", "status": 503})
    waited = program.run("wait", "--timeout", "5")
    assert waited.status == 8
    assert "not known to have ended" in waited.err
    assert "still runs" not in waited.err


def test_an_operation_started_elsewhere_can_be_waited_for(program: Program, tmp_path: Path) -> None:
    elsewhere = {"FACESNAP_STATE_DIR": str(tmp_path / "another")}
    started = program.run(*TAKE_IT, "--no-wait", "-o", "id", **elsewhere).out.strip()
    waited = program.run("wait", started, "-o", "json", "-q")
    assert (waited.status, waited.json[0]["operationId"], waited.json[0]["kind"]) == (0, started, "take")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_waiting_at_once_with_the_line_to_resume(
    slow: tuple[Program, RunningEmulator], number: signal.Signals
) -> None:
    program, emulator = slow
    process = program.start(*TAKE_IT)
    until(lambda: emulator.requests()["counts"].get("GET /operations/{operationId}"), "a poll")
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (128 + number, "")
    assert "facesnap wait " in err
    assert "Traceback" not in err
    emulator.advance(700)
    assert program.run("wait", "-q").status == 0


def test_a_snapshot_that_would_expire_before_such_applies_end_is_warned_of(tmp_path: Path) -> None:
    with (
        running(EmulatorOptions(port=0, apply_time=4 * 3600, seed="demo")) as emulator,
        closing(Program(tmp_path, LinkedClock(emulator))) as program,
    ):
        program.configure(emulator.endpoint)
        program.run(*TAKE_IT, "-q")
        assert program.run("apply", "latest", "-p", "target", "-i", "copy", "-q").status == 0
        program.clock.sleep(41 * 3600)
        delete_target(emulator, "copy")
        applied = program.run("apply", "latest", "-p", "target", "-i", "copy", "--no-wait")
        assert applied.status == 0
        assert "expires in 2h" in applied.err
        assert "took 4h" in applied.err


def delete_target(emulator: RunningEmulator, object_id: str) -> None:
    headers = {"Ocp-Apim-Subscription-Key": emulator.accounts[1].keys[0]}
    httpx.delete(f"{emulator.endpoint}/face/v1.0/persongroups/{object_id}", headers=headers).raise_for_status()


def test_list_can_be_narrowed_to_what_expires_soon(program: Program) -> None:
    program.run(*TAKE_IT, "-q")
    assert program.run("list", "--expires-within", "6h", "-o", "json").json == []
    program.clock.sleep(43 * 3600)
    assert len(program.run("list", "--expires-within", "6h", "-o", "json").json) == 1


def test_a_damaged_journal_is_kept_beside_a_new_one(program: Program) -> None:
    program.run(*TAKE_IT, "-q")
    path = program.directory / "state" / "journal.db"
    path.write_bytes(b"this is no database, and long enough to be taken for one" * 100)
    listed = program.run("status", "--all", "-o", "json")
    assert (listed.status, listed.json) == (13, [])
    assert "is damaged" in listed.err
    assert "what the damaged journal knew is not shown" in listed.err
    assert program.run("status", "--all", "-o", "json").status == 0
    kept = list(path.parent.glob("journal.damaged-*.db"))
    assert len(kept) == 1
    assert kept[0].read_bytes().startswith(b"this is no database")


def test_a_newer_journal_is_left_alone(program: Program) -> None:
    program.run(*TAKE_IT, "-q")
    path = program.directory / "state" / "journal.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    taken = program.run(*TAKE_IT)
    assert (taken.status, taken.out) == (13, "")
    assert "newer facesnap" in taken.err


def test_where_the_intent_cannot_be_committed_nothing_is_sent(program: Program, emulator: RunningEmulator) -> None:
    (program.directory / "state").write_text("a file where the directory should be")
    taken = program.run(*TAKE_IT)
    assert (taken.status, posts(emulator, "/snapshots")) == (13, 0)
    assert "journal" in taken.err


def test_a_journal_that_takes_nothing_after_the_post_ends_neither_wait_nor_operation(
    program: Program, emulator: RunningEmulator
) -> None:
    program.run("status")
    with closing(sqlite3.connect(program.directory / "state" / "journal.db")) as database:
        database.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON operations BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    taken = program.run(*TAKE_IT, "-o", "json")
    assert (taken.status, taken.json["status"]) == (0, "succeeded")
    assert f"its id is {taken.json['operationId']}" in taken.err
    assert posts(emulator, "/snapshots") == 1


def test_snapshots_can_be_listed_without_a_journal(program: Program) -> None:
    snapshot = program.run(*TAKE_IT, "-o", "id", "-q", "--no-tag").out.strip()
    (program.directory / "broken").write_text("a file where the directory should be")
    listed = program.run("list", "-o", "id", FACESNAP_STATE_DIR=str(program.directory / "broken"))
    assert (listed.status, listed.out.strip()) == (0, snapshot)
    assert "warning: the journal" in listed.err


def test_the_journal_is_for_its_owner_only(program: Program) -> None:
    program.run(*TAKE_IT, "-q")
    state = program.directory / "state"
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "journal.db").stat().st_mode & 0o777 == 0o600


def test_what_ended_long_ago_is_forgotten(program: Program) -> None:
    program.run(*TAKE_IT, "-q")
    program.clock.sleep(91 * 86400)
    program.run("take", "-t", "FaceList", "-i", "watchlist", "-q")
    known = program.run("status", "--all", "-o", "json").json
    assert [one["objectId"] for one in known] == ["watchlist"]


def test_verbose_tells_what_is_left_of_the_quota(program: Program) -> None:
    taken = program.run(*TAKE_IT, "-v", "--no-wait")
    assert (taken.status, "about 99 of 100 are left" in taken.err) == (0, True)


def test_a_take_beyond_the_quota_is_warned_of(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults()
    make_groups(emulator, 1)
    for _ in range(100):
        program.run("take", "-t", "PersonGroup", "-i", "group-0", "--no-wait", "--force", "-q")
    beyond = program.run(*TAKE_IT, "--no-wait")
    assert beyond.status == 7
    assert "0 of 100 are left" in beyond.err


def test_ctrl_c_ends_a_look_at_once(operator_of_slow_answers: tuple[Program, RunningEmulator]) -> None:
    program, emulator = operator_of_slow_answers
    process = program.start("status")
    until(lambda: any("/operations/" in call["path"] for call in emulator.requests()["requests"]), "a look")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "interrupted" in err


def test_of_processes_that_start_the_same_take_one_pays(program: Program, emulator: RunningEmulator) -> None:
    processes = [program.start(*TAKE_IT, "--no-wait", "-q") for _ in range(6)]
    statuses = sorted(process.wait(PATIENCE_S) for process in processes)
    for process in processes:
        process.communicate()
    assert statuses == [0, 6, 6, 6, 6, 6]
    assert posts(emulator, "/snapshots") == 1


def test_a_take_that_was_refused_until_it_was_interrupted_is_none(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "POST /snapshots", "status": 429, "retryAfter": 60})
    process = program.start(*TAKE_IT)
    assert process.stderr
    assert any("trying again" in line for line in process.stderr)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE_S)
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
