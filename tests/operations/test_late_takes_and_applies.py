"""Takes and applies that reach the service after their client has gone: one POST, one result, and no false end."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TAKE_IT, Program, take_employees
from tests.support.families import slow
from tests.support.gate import Gate
from tests.support.service import posts
from tests.support.waiting import PATIENCE_S, until

APPLY_IT = ("-p", "target", "-i", "copy")
COPY_IT = ("copy", "-t", "PersonGroup", "-i", "employees", "--from", "source", "--to", "target:copy", "-q")
LATE_REQUESTS = {"take": "POST /face/v1.0/snapshots ", "apply": "POST /face/v1.0/snapshots/"}


def command_of(operator: Program, kind: str) -> tuple[str, ...]:
    return TAKE_IT if kind == "take" else ("apply", take_employees(operator), *APPLY_IT)


def sent(emulator: RunningEmulator, kind: str) -> int:
    return posts(emulator, "/snapshots" if kind == "take" else "/apply")


@pytest.mark.parametrize("is_killed", [False, True], ids=["connection broken", "killed"])
@pytest.mark.parametrize("kind", LATE_REQUESTS)
def test_what_reaches_the_service_late_is_found_and_not_sent_again(
    operator: Program, emulator: RunningEmulator, gated: Gate, kind: str, is_killed: bool
) -> None:
    command = command_of(operator, kind)
    before = sent(emulator, kind)
    gated.late_request, gated.hangs_up = LATE_REQUESTS[kind], not is_killed
    if is_killed:
        process = operator.start(*command)
        assert gated.stopped.wait(PATIENCE_S)
        process.kill()
        process.communicate()
    else:
        assert operator.run(*command).status == 10
    operator.clock.sleep(30)
    for again in (("wait", "-q"), command):
        assert operator.run(*again).status == 10, "it may still take effect"
    assert sent(emulator, kind) == before
    assert gated.deliver()
    operator.clock.sleep(30)
    found = operator.run("wait", "-q", "-o", "json")
    assert (found.status, [each["status"] for each in found.json]) == (0, ["succeeded"])
    assert sent(emulator, kind) == before + 1


@pytest.mark.parametrize("kind", LATE_REQUESTS)
def test_a_copy_with_a_late_request_is_finished_by_the_same_command(
    operator: Program, emulator: RunningEmulator, gated: Gate, kind: str
) -> None:
    gated.late_request, gated.hangs_up = LATE_REQUESTS[kind], True
    assert operator.run(*COPY_IT).status == 10
    assert operator.run(*COPY_IT).status == 10, "it may still take effect"
    assert gated.deliver()
    operator.clock.sleep(30)
    done = operator.run(*COPY_IT)
    assert done.status == 0, done.err
    assert (sent(emulator, "take"), sent(emulator, "apply")) == (1, 1)


@slow
@pytest.mark.parametrize("kind", LATE_REQUESTS)
def test_what_takes_effect_after_its_time_limit_is_found(
    operator: Program, emulator: RunningEmulator, gated: Gate, kind: str
) -> None:
    command = command_of(operator, kind)
    route = "POST /snapshots" if kind == "take" else "POST /snapshots/*/apply"
    before = sent(emulator, kind)
    emulator.faults({"route": route, "delay": 8, "act": "always", "count": 1})
    assert operator.run(*command, "--http-timeout", "4s").status == 10
    until(lambda: all(call["status"] for call in emulator.requests()["requests"]), "the service to act")
    operator.clock.sleep(30)
    assert operator.run("wait", "-q").status == 0
    assert sent(emulator, kind) == before + 1
