"""Share emulators and doors between the emulator's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator, running
from facesnap_cli.emulator.options import EmulatorOptions
from tests.emulator.doors import KINDS, Door, SocketDoor, png, process_door

# So long that unfinished operations can be seen on a busy machine. Tests move the clock to finish them.
SLOW = {"take_time": 20, "apply_time": 20, "train_time": 20}
Open = Callable[..., Door]
Run = Callable[..., RunningEmulator]


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """Return a running emulator with the given options, reset. The same options share one emulator."""
    with ExitStack() as stack:
        emulators: dict[EmulatorOptions, RunningEmulator] = {}

        def run_one(**given: Any) -> RunningEmulator:
            options = EmulatorOptions(**(SLOW | {"port": 0} | given))
            if options not in emulators:
                emulators[options] = stack.enter_context(running(options))
            emulators[options].reset()
            return emulators[options]

        yield run_one


@pytest.fixture(params=["process", "socket"])
def open_door(request: pytest.FixtureRequest, run: Run) -> Iterator[Open]:
    """Open a door to an emulator with the given options. Each test runs through both doors."""
    with ExitStack() as stack:

        def open_one(**given: Any) -> Door:
            if request.param == "process":
                return stack.enter_context(process_door(EmulatorOptions(**(SLOW | {"port": 0} | given))))
            door = SocketDoor(run(**given).endpoint)
            stack.callback(door.close)
            return door

        yield open_one


@pytest.fixture
def door(open_door: Open) -> Door:
    """Open a door to an emulator with the demo seed."""
    return open_door(seed="demo")


@pytest.fixture
def live(run: Run) -> RunningEmulator:
    """Return an emulator on a socket with the demo seed."""
    return run(seed="demo")


@pytest.fixture(params=KINDS)
def path(request: pytest.FixtureRequest) -> str:
    """Return the path of each kind of container in turn."""
    return str(request.param)


@pytest.fixture
def add(door: Door) -> Callable[[str], str]:
    """Create a container with one face in it (of a person, if it has persons) and return the face's path."""

    def add_one(path: str) -> str:
        assert door.call("PUT", f"/{path}/mine", json={"name": "Mine"}).status_code == 200
        owner = f"/{path}/mine"
        if path.endswith("persongroups"):
            person = door.call("POST", f"{owner}/persons", json={"name": "Ada", "userData": "1815"})
            owner += f"/persons/{person.json()['personId']}"
        face = door.add_face(owner, png(1), params={"userData": "front"})
        assert face.status_code == 200, face.text
        return f"{owner}/persistedfaces/{face.json()['persistedFaceId']}"

    return add_one
