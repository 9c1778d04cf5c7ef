"""Archives in tests: a service without snapshots, and the images of what it was seeded with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import Program


@pytest.fixture(scope="session")
def retired_emulator() -> Iterator[RunningEmulator]:
    with running(EmulatorOptions(port=0, seed="demo", service="retired")) as emulator:
        yield emulator


@pytest.fixture
def emulator(retired_emulator: RunningEmulator) -> RunningEmulator:
    """The demo seed in a service that has no snapshots."""
    retired_emulator.reset()
    return retired_emulator


@pytest.fixture
def program(program: Program) -> Program:
    """The program at v1.2, the version of a service without snapshots."""
    program.environment["FACESNAP_API_VERSION"] = "v1.2"
    return program
