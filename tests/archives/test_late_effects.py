"""Requests that take effect after their client has gone: nothing is added twice, and what is comes to light."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from facesnap_cli.archives.importing import importer
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TARGET_KEYS, LinkedClock, Program
from tests.support.archives import exported, persons
from tests.support.families import first_quick
from tests.support.gate import Gate
from tests.support.service import call, posts
from tests.support.waiting import PATIENCE_S, until

TARGET = TARGET_KEYS[0]
LATE_S = 80.0  # of the 90 in which a request may take effect
SETTLED_S = 20.0
IMPORT = ("-p", "target", "-q", "-o", "json")
ROUTES = [
    "POST /persongroups/*/persistedfaces",
    "POST /persongroups/*/persons",
    "PUT /persongroups/*",
    "POST /persongroups/*/train",
]
LATE_REQUESTS = {
    "a face": "POST /face/v1.2/persongroups/employees/persons/",
    "a person": "POST /face/v1.2/persongroups/employees/persons ",
    "the group": "PUT /face/v1.2/persongroups/employees ",
    "the training": "POST /face/v1.2/persongroups/employees/train ",
}


class LateService(LinkedClock):
    """A clock that lets a late request take effect LATE_S after it was sent."""

    def __init__(self, emulator: RunningEmulator, gate: Gate):
        super().__init__(emulator)
        self._gate = gate
        self.has_delivered = False

    def sleep(self, seconds: float) -> None:
        if self.slept_s + seconds >= LATE_S:
            self.has_delivered |= self._gate.deliver()
        super().sleep(seconds)


@pytest.fixture
def late(emulator: RunningEmulator, gated: Gate) -> LateService:
    return LateService(emulator, gated)


@pytest.fixture
def importing(tmp_path: Path, emulator: RunningEmulator, gated: Gate, late: LateService) -> Iterator[Program]:
    """The program on that clock, whose requests go through the gate."""
    (tmp_path / "importing").mkdir()
    with closing(Program(tmp_path / "importing", late, {"FACESNAP_API_VERSION": "v1.2"})) as program:
        program.configure(gated.endpoint)
        yield program


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


def found(emulator: RunningEmulator) -> tuple[int, int]:
    """Return the persons and faces in the target."""
    people = persons(emulator, "PersonGroup", "employees", TARGET)
    return len(people), sum(len(person["persistedFaceIds"]) for person in people)


@pytest.mark.parametrize("what", LATE_REQUESTS)
def test_a_request_that_takes_effect_after_its_connection_broke_is_not_sent_again(
    program: Program, importing: Program, emulator: RunningEmulator, gated: Gate, late: LateService, what: str
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    gated.late_request, gated.hangs_up = LATE_REQUESTS[what], True
    done = importing.run("import", str(archive), *IMPORT)
    assert (done.status, done.err, done.json["trainingStatus"]) == (0, "", "succeeded")
    assert late.has_delivered
    assert (found(emulator), posts(emulator, "/train")) == ((3, 7), 1)


@pytest.mark.parametrize("what", first_quick(LATE_REQUESTS))
def test_a_request_that_takes_effect_after_its_client_was_killed_is_not_sent_again(
    program: Program, importing: Program, emulator: RunningEmulator, gated: Gate, late: LateService, what: str
) -> None:
    archive = exported(program, emulator, "PersonGroup", "employees")
    gated.late_request = LATE_REQUESTS[what]
    killed = importing.start("import", str(archive), *IMPORT)
    assert gated.stopped.wait(PATIENCE_S)
    killed.kill()
    killed.communicate()
    done = importing.run("import", str(archive), *IMPORT)
    assert (done.status, done.err, done.json["trainingStatus"]) == (0, "", "succeeded")
    assert late.has_delivered
    assert (found(emulator), posts(emulator, "/train")) == ((3, 7), 1)


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
