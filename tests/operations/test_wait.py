"""Waiting for operations: throttled, timed out or refused polls, and how to wait again."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TAKE_IT, TARGET_SUBSCRIPTION, Program


@pytest.mark.parametrize("answer", [{"code": "RateLimitExceeded"}, {"body": ""}, {"body": "<html>slow down</html>"}])
def test_a_throttled_look_is_repeated_whatever_it_says(
    program: Program, emulator: RunningEmulator, answer: dict[str, object]
) -> None:
    emulator.faults({"route": "GET /operations/*", "status": 429, "count": 1, "retryAfter": 1} | answer)
    assert program.run(*TAKE_IT, "-q").status == 0


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
