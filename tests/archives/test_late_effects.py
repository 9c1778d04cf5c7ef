"""Requests that take effect after their client has gone: nothing is added twice, and what is comes to light."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from collections.abc import Sequence

import pytest

from facesnap_cli.archives.importing import importer
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TARGET_KEYS, LinkedClock, Program
from tests.support.archives import exported, persons
from tests.support.families import first_quick
from tests.support.service import call
from tests.support.waiting import until

TARGET = TARGET_KEYS[0]
LATE_S = 2
SETTLED_S = 20.0
IMPORT = ("-p", "target", "-q", "-o", "json")
ROUTES = [
    "POST /persongroups/*/persistedfaces",
    "POST /persongroups/*/persons",
    "PUT /persongroups/*",
    "POST /persongroups/*/train",
]


class ServiceSettlesFirst(LinkedClock):
    """A clock by which a wait takes as long as the service needs for the requests that it has received.

    A request that was cut off by a kill is never acted on: after SETTLED_S nothing else can be left.
    """

    def __init__(self, emulator: RunningEmulator):
        super().__init__(emulator)
        self._settled = time.monotonic() + SETTLED_S
        self._service = emulator

    def sleep(self, seconds: float) -> None:
        until(lambda: time.monotonic() > self._settled or not delayed(self._service), "the service to act")
        super().sleep(seconds)


def delayed(emulator: RunningEmulator) -> Sequence[object]:
    """Return the calls that the service has not acted on yet."""
    return [one for one in emulator.requests()["requests"] if one["status"] is None]


def fired(emulator: RunningEmulator) -> bool:
    """Return whether a call was hit by the fault."""
    with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/faults") as response:
        return any(fault["fired"] for fault in json.load(response))


def found(emulator: RunningEmulator) -> tuple[int, int]:
    """Return the persons and faces in the target."""
    people = persons(emulator, "PersonGroup", "employees", TARGET)
    return len(people), sum(len(person["persistedFaceIds"]) for person in people)


@pytest.mark.parametrize("route", first_quick(ROUTES))
def test_a_request_that_takes_effect_after_its_client_was_killed_is_not_sent_again(
    program: Program, emulator: RunningEmulator, route: str
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    emulator.faults({"route": route, "delay": LATE_S, "act": "always", "count": 1, "skip": int(route.endswith("s"))})
    killed = program.start("import", str(archive), *IMPORT)
    until(lambda: fired(emulator), "the request to arrive")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    program.clock = ServiceSettlesFirst(emulator)
    done = program.run("import", str(archive), *IMPORT)
    assert (done.status, done.err) == (0, "")
    assert found(emulator) == (3, 7)


@pytest.mark.slow
@pytest.mark.parametrize("route", ROUTES)
def test_a_request_that_takes_effect_after_its_time_limit_is_not_sent_again(
    program: Program, emulator: RunningEmulator, route: str
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    emulator.faults({"route": route, "delay": 8, "act": "always", "count": 1})
    program.clock = ServiceSettlesFirst(emulator)
    done = program.run("import", str(archive), *IMPORT, "--http-timeout", "4s")
    assert (done.status, done.err) == (0, "")
    assert found(emulator) == (3, 7)


def test_what_comes_later_than_any_doubt_is_14_with_the_command_that_deletes_it(
    program: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    train = importer._Import._train  # the moment after everything was added

    def late(self: importer._Import) -> str | None:
        call(emulator, "POST", "/persongroups/employees/persons", TARGET, {"name": "Ada Lovelace"})
        return train(self)

    monkeypatch.setattr(importer._Import, "_train", late)
    done = program.run("import", str(archive), *IMPORT)
    assert (done.status, done.out) == (14, "")
    assert "unexpected person" in done.err
    assert "curl -X DELETE" in done.err
    assert found(emulator) == (4, 7), "nothing is removed"
