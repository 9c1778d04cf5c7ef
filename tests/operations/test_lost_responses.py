"""What becomes of operations whose answer was lost: nothing of somebody else's is taken for theirs."""

from __future__ import annotations

import signal
import socket
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import (
    SOURCE_KEYS,
    SOURCE_SUBSCRIPTION,
    TAKE_IT,
    TARGET_SUBSCRIPTION,
    LinkedClock,
    Program,
    take_employees,
)
from tests.support.service import make_groups, posts
from tests.support.waiting import PATIENCE_S, until

THIRD_SUBSCRIPTION = "cccccccc-0000-4000-8000-000000000003"


def put_group(emulator: RunningEmulator, group: str, name: str) -> None:
    headers = {"Ocp-Apim-Subscription-Key": emulator.accounts[1].keys[0]}
    url = f"{emulator.endpoint}/face/v1.0/persongroups/{group}"
    httpx.put(url, headers=headers, json={"name": name}).raise_for_status()


def test_a_lost_take_does_not_adopt_the_snapshot_of_another_object_with_the_same_user_data(
    program: Program, emulator: RunningEmulator
) -> None:
    make_groups(emulator, 1)
    emulator.faults({"route": "POST /snapshots", "drop": "before", "count": 1})
    lost = program.run(*TAKE_IT, "--user-data", "nightly")
    assert lost.status == 10
    program.run("take", "-t", "PersonGroup", "-i", "group-0", "--user-data", "nightly", "--no-wait")
    emulator.advance(10)
    waited = program.run("wait", "-o", "json", "-q")
    assert waited.status == 11
    found = {one["objectId"]: one["snapshotId"] for one in waited.json}
    assert found["employees"] is None
    assert found["group-0"] is not None


def test_a_lost_take_does_not_adopt_what_another_subscription_shares(
    program: Program, emulator: RunningEmulator
) -> None:
    emulator.faults({"route": "POST /snapshots", "drop": "before", "count": 1})
    assert program.run(*TAKE_IT, "--user-data", "nightly").status == 10
    put_group(emulator, "theirs", "Theirs")
    theirs = {"FACESNAP_STATE_DIR": str(program.directory / "theirs")}
    shared = ("-s", SOURCE_SUBSCRIPTION, "--user-data", "nightly")
    assert program.run("take", "-p", "target", "-t", "PersonGroup", "-i", "theirs", *shared, **theirs).status == 0
    waited = program.run("wait", "-q")
    assert waited.status == 10
    assert program.run("list", "-o", "id").out.count("\n") == 1


def test_a_lost_apply_is_not_settled_by_an_object_that_somebody_else_made(
    program: Program, snapshot: str, emulator: RunningEmulator
) -> None:
    emulator.faults({"route": "POST /snapshots/*/apply", "drop": "before", "count": 1})
    apply = ("apply", snapshot, "-p", "target", "-i", "copy", "-o", "id", "-q")
    assert program.run(*apply).status == 10
    put_group(emulator, "copy", "Somebody else's")
    waited = program.run("wait", "-q", "-o", "json")
    assert (waited.status, waited.json[0]["status"]) == (5, "failed")
    assert "somebody else seems to have made the object" in waited.err
    again = program.run(*apply)
    assert (again.status, again.out) == (6, "")


def test_a_lost_apply_whose_source_is_unknown_is_settled_with_a_doubt(
    program: Program, snapshot: str, emulator: RunningEmulator
) -> None:
    elsewhere = {"FACESNAP_STATE_DIR": str(program.directory / "elsewhere")}
    emulator.faults({"route": "POST /snapshots/*/apply", "drop": "after", "count": 1})
    assert program.run("apply", snapshot, "-p", "target", "-i", "copy", **elsewhere).status == 10
    emulator.advance(10)
    waited = program.run("wait", "-q", "-o", "json", **elsewhere)
    assert (waited.status, waited.json[0]["status"]) == (0, "succeeded")
    assert "not compared with its source" in waited.json[0]["message"]


def test_a_gateways_404_does_not_give_up_a_lost_apply(
    program: Program, snapshot: str, emulator: RunningEmulator
) -> None:
    emulator.faults(
        {"route": "POST /snapshots/*/apply", "drop": "after", "count": 1},
        {"route": "GET /persongroups/copy", "status": 404, "code": "404", "message": "Resource not found", "skip": 1},
    )
    assert program.run("apply", snapshot, "-p", "target", "-i", "copy").status == 10
    program.clock.sleep(3 * 3600)
    looked = program.run("status", "-q", "-o", "json")
    assert (looked.status, looked.json[0]["status"]) == (9, "unknown")
    assert "does not say that PersonGroup copy is missing" in looked.err
    emulator.faults()
    settled = program.run("status", "-q", "-o", "json")
    assert (settled.status, settled.json[0]["status"], settled.err) == (0, "succeeded", "")


@pytest.mark.parametrize("stopped_in", ["the connection", "the key's command"])
def test_an_interruption_before_anything_was_sent_leaves_nothing(tmp_path: Path, stopped_in: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        running(EmulatorOptions(port=0, seed="demo")) as emulator,
        closing(Program(tmp_path, LinkedClock(emulator))) as program,
    ):
        started = tmp_path / "started"
        command = f"sh -c 'touch {started}; sleep 60'" if stopped_in == "the key's command" else ""
        waiting = [socket.create_connection(full.getsockname()) for _ in range(1)]
        endpoint = emulator.endpoint if command else f"http://127.0.0.1:{full.getsockname()[1]}"
        for _ in range(4):  # until the queue of the listener is full
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(full.getsockname())
        key = f'key_command = "{command}"' if command else f'key = "{SOURCE_KEYS[0]}"'
        program.write_config(
            f'[profiles.source]\nendpoint = "{endpoint}"\n{key}\nsubscription_id = "{SOURCE_SUBSCRIPTION}"\n'
            f'apply_scope = ["{TARGET_SUBSCRIPTION}"]\n'
        )
        process = program.start(*TAKE_IT)
        until(lambda: started.exists() if command else (tmp_path / "state" / "journal.db").exists(), "the take")
        if not command:
            until(lambda: program.run("status", "--all", "-o", "json").json != [], "the intent")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE_S)
        for one in waiting:
            one.close()
        assert (process.returncode, out) == (143, "")
        assert "resume" not in err
        assert program.run("status", "--all", "-o", "json").json == []
        assert posts(emulator, "/snapshots") == 0


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
    first, second = (take_employees(program) for _ in range(2))
    emulator.faults({"route": "POST /snapshots/*/apply", "drop": "after", "count": 1})
    assert program.run("apply", first, "-p", "target", "-i", "copy").status == 10
    emulator.advance(10)
    assert program.run("apply", second, "-p", "target", "-i", "copy").status == 6
