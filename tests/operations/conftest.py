"""A program whose requests go through a gate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import LinkedClock, Program
from tests.support.gate import Gate


@pytest.fixture
def operator(tmp_path: Path, emulator: RunningEmulator, gated: Gate) -> Iterator[Program]:
    """A program whose requests go through the gate."""
    with closing(Program(tmp_path, LinkedClock(emulator))) as program:
        program.configure(gated.endpoint)
        yield program
