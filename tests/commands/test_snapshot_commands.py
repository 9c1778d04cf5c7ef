"""list, show, update, delete: what they print, and how they refuse."""

from __future__ import annotations

import json
import os
import socket
import sys

import httpx
import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_SUBSCRIPTION, TAKE_IT, TARGET_SUBSCRIPTION, Program, take_employees
from tests.support.terminal import terminal

THIRD_SUBSCRIPTION = "cccccccc-0000-4000-8000-000000000003"


def test_list_is_oldest_first_and_can_be_narrowed_by_type(program: Program, snapshot: str) -> None:
    program.clock.sleep(5)
    later = program.run("take", "-t", "FaceList", "-i", "watchlist", "-q", "-o", "id").out.strip()
    assert program.run("list", "-o", "id").out.split() == [snapshot, later]
    assert program.run("list", "-t", "facelist", "-o", "id").out.split() == [later]


def test_list_can_be_narrowed_by_scope(program: Program, snapshot: str) -> None:
    assert program.run("list", "-s", TARGET_SUBSCRIPTION, "-o", "id").out.split() == [snapshot]
    assert program.run("list", "-s", THIRD_SUBSCRIPTION, "-o", "id").out == ""


def test_an_empty_list_is_a_success_without_output(program: Program) -> None:
    assert program.run("list").status == 0
    assert program.run("list").out == ""
    assert program.run("list", "-o", "json").json == []


def test_latest_is_the_newest_of_its_type(program: Program, snapshot: str) -> None:
    program.clock.sleep(5)
    program.run("take", "-t", "FaceList", "-i", "watchlist", "-q")
    shown = program.run("show", "latest", "--type", "PersonGroup", "-o", "json")
    assert (shown.status, shown.json["id"]) == (0, snapshot)


def test_a_prefix_of_six_names_a_snapshot_and_one_of_five_does_not(program: Program, snapshot: str) -> None:
    assert program.run("show", snapshot[:6].upper(), "-o", "id").out.strip() == snapshot
    short = program.run("show", snapshot[:5])
    assert (short.status, short.out) == (2, "")
    assert "6 or more characters" in short.err


def test_an_unknown_snapshot_is_exit_5(program: Program, emulator: RunningEmulator) -> None:
    for reference in ("latest", "abcdef", "deadbeef-0000-4000-8000-000000000001"):
        shown = program.run("show", reference)
        assert (shown.status, shown.out) == (5, "")


def test_update_replaces_adds_and_removes_scope(program: Program, snapshot: str) -> None:
    added = program.run("update", snapshot, "--add-scope", THIRD_SUBSCRIPTION, "-o", "json")
    assert (added.status, added.json["applyScope"]) == (0, [TARGET_SUBSCRIPTION, THIRD_SUBSCRIPTION])
    removed = program.run("update", snapshot, "--remove-scope", TARGET_SUBSCRIPTION.upper(), "-o", "json")
    assert removed.json["applyScope"] == [THIRD_SUBSCRIPTION]
    replaced = program.run("update", snapshot, "-s", TARGET_SUBSCRIPTION, "--user-data", "kept", "-o", "json")
    assert (replaced.json["applyScope"], replaced.json["userData"]) == ([TARGET_SUBSCRIPTION], "kept")


def test_update_says_what_it_cannot_do(program: Program, snapshot: str) -> None:
    assert program.run("update", snapshot).status == 2
    assert program.run("update", snapshot, "-s", THIRD_SUBSCRIPTION, "--add-scope", SOURCE_SUBSCRIPTION).status == 2
    absent = program.run("update", snapshot, "--remove-scope", THIRD_SUBSCRIPTION)
    assert (absent.status, absent.out) == (2, "")
    assert "not in the snapshot's apply scope" in absent.err


def test_only_the_owner_may_update(program: Program, snapshot: str) -> None:
    updated = program.run("update", snapshot, "-p", "target", "--user-data", "mine")
    assert updated.status in (4, 5)
    assert program.run("show", snapshot, "-o", "json").json["userData"] != "mine"


def test_delete_without_a_terminal_needs_yes(program: Program, snapshot: str) -> None:
    refused = program.run("delete", snapshot)
    assert (refused.status, refused.out) == (2, "")
    assert "--yes" in refused.err
    assert program.run("delete", snapshot, "--dry-run", "-o", "id").out.strip() == snapshot
    assert program.run("show", snapshot).status == 0
    assert program.run("delete", snapshot, "--yes", "-o", "id").out.strip() == snapshot
    assert program.run("show", snapshot).status == 5


def test_delete_of_many_deletes_all_or_says_which_not(program: Program, emulator: RunningEmulator) -> None:
    ids = [take_employees(program) for _ in range(3)]
    emulator.faults({"route": f"DELETE /snapshots/{ids[1]}", "status": 403, "message": "Not today."})
    deleted = program.run("delete", *ids, "-y", "-o", "id")
    assert deleted.status == 11
    assert deleted.out.split() == [ids[0], ids[2]]
    assert "Not today." in deleted.err


def test_a_delete_that_stopped_half_way_can_be_run_again(program: Program, emulator: RunningEmulator) -> None:
    ids = [take_employees(program) for _ in range(3)]
    emulator.faults({"route": f"DELETE /snapshots/{ids[1]}", "status": 403})
    assert program.run("delete", *ids, "-y", "-o", "none").status == 11
    emulator.faults()
    again = program.run("delete", *ids, "-y", "-o", "id")
    assert (again.status, again.out.split()) == (11, [ids[1]])
    assert "2 of 3 snapshots did not succeed" in again.err
    assert program.run("delete", *ids, "-y").status == 5


def test_a_delete_of_the_wrong_type_touches_nothing(program: Program) -> None:
    ids = [take_employees(program) for _ in range(2)]
    assert program.run("delete", *ids, "-y", "--type", "FaceList").status == 5
    assert program.run("list", "-o", "id").out.split() == ids


def test_an_apply_of_the_latest_says_what_that_is(program: Program, snapshot: str) -> None:
    applied = program.run("apply", "latest", "-p", "target", "-i", "copy")
    assert applied.status == 0
    assert f"snapshot {snapshot} of PersonGroup employees, taken " in applied.err


def test_a_delete_whose_answer_was_lost_is_a_success(
    program: Program, snapshot: str, emulator: RunningEmulator
) -> None:
    emulator.faults({"route": "DELETE /snapshots/*", "drop": "after", "count": 1})
    assert program.run("delete", snapshot, "-y").status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("take", "-t", "Persongrup", "-i", "x"), "did you mean PersonGroup?"),
        (("take", "-t", "PersonGroup", "-i", "Employees"), "try employees"),
        (("take", "-t", "PersonGroup", "-i", "x" * 65), "1 to 64 characters"),
        (("take", "-t", "PersonGroup", "-i", "x", "-s", "a0000000000000000000000000000001"), "looks like a key"),
        (("take", "-t", "PersonGroup", "-i", "x", "-s", "not-a-guid"), "is not a GUID"),
        (("take", "-t", "PersonGroup", "-i", "x", "-s", f"{THIRD_SUBSCRIPTION},{THIRD_SUBSCRIPTION}"), "twice"),
        (("take", "-t", "PersonGroup", "-i", "x", "--user-data", "x" * 16385), "longer than 16384 bytes"),
        (("take", "-t", "PersonGroup", "-i", "x", "--user-data", "@/nowhere"), "No such file"),
        (("take", "-t", "PersonGroup", "-i", "x", "--timeout", "soon"), "is not a duration"),
        (("take", "-t", "PersonGroup", "-i", "x", "--max-age", "1w"), "is not a duration"),
        (("take", "-t", "PersonGroup"), "the object (--object-id"),
        (("take", "-i", "x"), "the type (--type"),
        (("apply", "latest", "--mode", "Merge"), "CreateNew alone"),
        (("apply", "latest", "--verify", "maybe"), "one of none, quick, full"),
        (("show", "../../etc"), "cannot be a snapshot"),
        (("list", "-o", "xml"), "is not one of table"),
        (("list", "--query", "[?"), "--query"),
        (("list", "--query", "[" * 3000), "nested too deeply"),
        (("list", "-p", "prd"), "there is no profile 'prd'"),
        (("list", "--nope"), "list has no option '--nope'"),
        (("frobnicate",), "there is no command 'frobnicate'"),
    ],
)
def test_a_wrong_value_is_exit_2_before_anything_is_sent(
    program: Program, emulator: RunningEmulator, arguments: tuple[str, ...], said: str
) -> None:
    result = program.run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert said in result.err
    assert len(result.err.strip().splitlines()) <= 4
    assert emulator.requests()["total"] == 0


def test_an_error_is_one_json_object_where_json_is_wanted(program: Program) -> None:
    for arguments in (
        ("show", "latest", "-o", "json"),
        ("-o", "jsonl", "show", "latest"),
        ("show", "--output=json", "x"),
    ):
        failed = program.run(*arguments)
        error = json.loads(failed.err)["error"]
        assert error["exitCode"] == failed.status
        assert error["message"]


@pytest.mark.parametrize(
    ("key", "endpoint", "status"),
    [("wrong", None, 4), ("a0000000000000000000000000000001", "http://127.0.0.1:1", 9)],
    ids=["wrong key", "closed port"],
)
def test_what_cannot_be_reached_or_is_refused_has_its_exit_status(
    program: Program, emulator: RunningEmulator, key: str, endpoint: str | None, status: int
) -> None:
    where = {"FACESNAP_KEY": key, "FACESNAP_ENDPOINT": endpoint or emulator.endpoint}
    listed = program.run("list", **where)
    assert (listed.status, listed.out) == (status, "")
    assert "Traceback" not in listed.err


def test_an_existing_target_is_exit_6_before_an_apply_is_paid(
    program: Program, snapshot: str, emulator: RunningEmulator
) -> None:
    assert program.run("apply", snapshot, "-p", "target", "-i", "copy", "-q").status == 0
    again = program.run("apply", snapshot, "-p", "target", "-i", "copy")
    assert (again.status, again.out) == (6, "")
    assert "copy exists in target already" in again.err
    applies = [call for call in emulator.requests()["requests"] if call["path"].endswith("/apply")]
    assert len(applies) == 1


def test_apply_takes_the_sources_id_where_none_is_given(program: Program, snapshot: str) -> None:
    applied = program.run("apply", snapshot, "-p", "target", "-o", "id", "-q")
    assert (applied.status, applied.out.strip()) == (0, "employees")


def test_verification_tells_a_difference(program: Program, snapshot: str, emulator: RunningEmulator) -> None:

    headers = {"Ocp-Apim-Subscription-Key": emulator.accounts[0].keys[0]}
    url = f"{emulator.endpoint}/face/v1.0/persongroups/employees"
    httpx.patch(url, headers=headers, json={"name": "changed since"}).raise_for_status()
    applied = program.run("apply", snapshot, "-p", "target", "-i", "copy", "--verify", "quick", "-q")
    assert applied.status == 14
    assert "changed since" in applied.err


def test_a_long_delay_is_told(program: Program, emulator: RunningEmulator) -> None:
    fault = {"route": "GET /snapshots", "status": 429, "retryAfter": 7, "count": 1, "message": "Slow down."}
    emulator.faults(fault)
    listed = program.run("list", "-o", "none")
    assert (listed.status, listed.out) == (0, "")
    assert "Slow down.; trying again in 7s" in listed.err
    emulator.faults(fault)
    assert program.run("list", "-o", "none", "-q").err == ""


def test_a_proxy_that_is_not_there_is_named(program: Program) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        proxy = f"127.0.0.1:{unused.getsockname()[1]}"
        listed = program.run("list", "--proxy", f"http://{proxy}", "--max-retries", "0")
    assert (listed.status, listed.out) == (9, "")
    assert f"through the proxy {proxy}" in listed.err
    assert "nothing listens at the proxy's address" in listed.err


def test_a_version_without_snapshots_is_told_as_that(program: Program) -> None:
    listed = program.run("list", FACESNAP_API_VERSION="v1.2")
    assert (listed.status, listed.out) == (12, "")
    assert "v1.2 never had snapshots" in listed.err


def test_raw_prints_the_answers_as_they_come(program: Program, snapshot: str) -> None:
    shown = program.run("show", snapshot, "--raw")
    assert shown.status == 0
    head, _, body = shown.out.partition("\n\n")
    assert head.startswith("HTTP/1.1 200 OK\n")
    assert json.loads(body)["id"] == snapshot


@pytest.mark.parametrize("dialect", ["v1.0", "v1.0-preview"])
def test_the_api_version_is_the_paths(program: Program, emulator: RunningEmulator, dialect: str) -> None:
    assert program.run("list", FACESNAP_API_VERSION=dialect).status == 0
    assert emulator.requests()["requests"][-1]["path"] == f"/face/{dialect}/snapshots"


def test_options_stand_before_or_after_the_command(program: Program, snapshot: str) -> None:
    assert program.run("-o", "id", "list").out == program.run("list", "-o", "id").out
    assert program.run("-o", "json", "list", "-o", "id").out.strip() == snapshot


@pytest.mark.parametrize("columns", ["0", "1", "19"])
def test_a_terminal_that_claims_to_have_no_width_is_not_believed(program: Program, columns: str) -> None:
    environment = {**os.environ, **program.environment, "COLUMNS": columns, "TERM": "xterm"}
    command = [sys.executable, "-m", "facesnap_cli", "config", "list"]
    with terminal(command, environment, columns=100) as screen:
        assert screen.read_until("source")


def test_a_full_id_is_held_to_its_type_too(program: Program) -> None:
    snapshot = take_employees(program)
    assert program.run("delete", snapshot, "--type", "FaceList", "-y").status == 5
    assert program.run("show", snapshot).status == 0


def test_an_update_that_worked_is_told_where_the_look_at_it_fails(program: Program, emulator: RunningEmulator) -> None:
    snapshot = take_employees(program)
    emulator.faults({"route": "GET /snapshots/{snapshotId}", "status": 503, "skip": 1})
    updated = program.run("update", snapshot, "--user-data", "kept", "-o", "json")
    assert (updated.status, updated.json["userData"]) == (0, "kept")


def test_an_update_without_an_answer_tells_how_to_settle_it(program: Program, emulator: RunningEmulator) -> None:
    snapshot = take_employees(program)
    emulator.faults({"route": "PATCH /snapshots/*", "drop": "after"})
    updated = program.run("update", snapshot, "--user-data", "kept")
    assert updated.status == 10
    assert f"facesnap show {snapshot}" in updated.err


def test_the_newest_within_a_second_is_latest(program: Program, emulator: RunningEmulator) -> None:
    ids = [take_employees(program)]
    for _ in range(3):
        program.clock.sleep(0.1)
        ids.append(take_employees(program))
    assert program.run("list", "-o", "id").out.split() == ids
    assert program.run("show", "latest", "-o", "id").out.strip() == ids[-1]


def test_a_byte_order_mark_is_no_part_of_the_user_data(program: Program) -> None:
    path = program.directory / "data.txt"
    path.write_bytes(b"\xef\xbb\xbfhello\r\n")
    taken = program.run(*TAKE_IT, "-q", "-o", "id", "--user-data", f"@{path}")
    assert program.run("show", taken.out.strip(), "-o", "json").json["userData"] == "hello\r\n"
    taken = program.run(*TAKE_IT, "-q", "-o", "id", "--user-data", "-", stdin="\ufeffhello")
    assert program.run("show", taken.out.strip(), "-o", "json").json["userData"] == "hello"


def test_blanks_around_an_id_do_no_harm(program: Program) -> None:
    snapshot = take_employees(program)
    assert program.run("show", f" {snapshot}\n", "-o", "id").out.strip() == snapshot
    operation = program.run("status", "--all", "-o", "id").out.strip()
    assert program.run("status", f" {operation} ", "-o", "id").out.strip() == operation
