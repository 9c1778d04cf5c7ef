"""Environments for the clients, and the emulator that they call."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.bench.harness import environment_with
from tests.emulator.doors import png
from tests.support.waiting import PATIENCE_S

RunClient = Callable[..., str]


@pytest.fixture(scope="session")
def service() -> Iterator[RunningEmulator]:
    """An emulator that trains at once."""
    with running(EmulatorOptions(port=0, seed="demo", train_time=0)) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def run_client(tmp_path_factory: pytest.TempPathFactory) -> RunClient:
    """Run a script of this folder in an environment that holds one package, and return what it printed."""
    programs: dict[str, Path] = {}
    images = tmp_path_factory.mktemp("images")
    for number in (1, 2):
        (images / f"{number}.png").write_bytes(png(number))

    def run(requirement: str, script: str, emulator: RunningEmulator) -> str:
        if requirement not in programs:
            programs[requirement] = environment_with(tmp_path_factory.mktemp("client") / "venv", requirement)
        arguments = [emulator.endpoint, emulator.accounts[0].keys[0], str(images)]
        command = [str(programs[requirement] / "python"), str(Path(__file__).parent / script), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
