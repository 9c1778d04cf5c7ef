"""What tests share: an emulator on a socket, a clock that moves it, and two ways to run the program."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from facesnap_cli.cli.context import App
from facesnap_cli.cli.main import main
from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.support.gate import Gate, gate
from tests.support.waiting import PATIENCE_S

# `make test-slow` asks for "thorough" instead.
settings.register_profile("quick", max_examples=30, deadline=None)
settings.register_profile("thorough", max_examples=300, deadline=None)
settings.load_profile("quick")

SOURCE_SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000001"
TARGET_SUBSCRIPTION = "bbbbbbbb-0000-4000-8000-000000000002"
SOURCE_KEYS = ("a0000000000000000000000000000001", "a0000000000000000000000000000002")
TARGET_KEYS = ("b0000000000000000000000000000001", "b0000000000000000000000000000002")
TAKE_IT = ("take", "-t", "PersonGroup", "-i", "employees")


class LinkedClock:
    """The program's clock in tests: sleeping takes no time, and moves the emulator's clock as far."""

    def __init__(self, emulator: RunningEmulator | None = None):
        self._emulator = emulator
        self._start = datetime.now(UTC)
        self.slept_s = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.slept_s)

    def monotonic(self) -> float:
        return self.slept_s

    def shift(self, seconds: float) -> None:
        """Set the program's clock alone, as if this machine's were wrong."""
        self._start += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.slept_s += seconds
            if self._emulator:
                self._emulator.advance(seconds)


@dataclass(frozen=True)
class Result:
    """What a run of the program came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Program:
    """The program with an environment of its own: `run` in this process, `start` and `call` as a real one."""

    directory: Path
    clock: LinkedClock = field(default_factory=LinkedClock)
    environment: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.environment = {
            "FACESNAP_STATE_DIR": str(self.directory / "state"),
            "FACESNAP_CONFIG": str(self.directory / "config.toml"),
            **self.environment,
        }
        if not (path := self.directory / "config.toml").exists():
            path.touch(0o600)  # one that FACESNAP_CONFIG names has to be there

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> Result:
        """Run a command line in this process, on the linked clock."""
        out, err = io.StringIO(), io.StringIO()
        app = App(self.environment | environment, self.clock)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _stdin(stdin):
            status = main(arguments, app)
        return Result(status, out.getvalue(), err.getvalue())

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command line as a process, on the real clock."""
        process = subprocess.Popen(
            [sys.executable, "-m", "facesnap_cli", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._process_environment() | environment,
        )
        self.started.append(process)
        return process

    def call(self, *arguments: str, stdin: str = "", **environment: str) -> Result:
        """Run a command line as a process to its end."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(stdin, timeout=PATIENCE_S)
        return Result(process.returncode, out, err)

    def close(self) -> None:
        """End what a test started and did not end."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def write_config(self, text: str) -> Path:
        """Write the configuration file, for its owner only."""
        path = self.directory / "config.toml"
        path.write_text(text)
        path.chmod(0o600)
        return path

    def configure(self, endpoint: str, **extra: str) -> Path:
        """Write profiles `source` (the default) and `target` for the emulator's two accounts."""
        lines = [
            'default_profile = "source"',
            "[profiles.source]",
            f'endpoint = "{endpoint}"',
            f'key = "{SOURCE_KEYS[0]}"',
            f'subscription_id = "{SOURCE_SUBSCRIPTION}"',
            f'apply_scope = ["{TARGET_SUBSCRIPTION}"]',
            'rate_limit = "none"',
            *(f"{name} = {value}" for name, value in extra.items()),
            "[profiles.target]",
            f'endpoint = "{endpoint}"',
            f'key = "{TARGET_KEYS[0]}"',
            f'subscription_id = "{TARGET_SUBSCRIPTION}"',
            'rate_limit = "none"',
        ]
        return self.write_config("\n".join(lines) + "\n")

    def _process_environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
        return kept | self.environment


def take_employees(program: Program, *arguments: str) -> str:
    """Take a snapshot of employees and return its id."""
    taken = program.run(*TAKE_IT, "-q", "-o", "id", *arguments)
    assert taken.status == 0, taken
    return taken.out.strip()


@contextlib.contextmanager
def _stdin(text: str) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before


@pytest.fixture(scope="session")
def shared_emulator() -> Iterator[RunningEmulator]:
    with running(EmulatorOptions(port=0, seed="demo")) as emulator:
        yield emulator


@pytest.fixture
def emulator(shared_emulator: RunningEmulator) -> RunningEmulator:
    """The emulator with the demo seed, as it was at its start."""
    shared_emulator.reset()
    return shared_emulator


@pytest.fixture
def gated(emulator: RunningEmulator) -> Iterator[Gate]:
    """A gate before the emulator."""
    with gate(emulator.endpoint) as opened:
        yield opened


@pytest.fixture
def program(tmp_path: Path, emulator: RunningEmulator) -> Iterator[Program]:
    """The program with profiles `source` and `target` in the emulator's accounts."""
    with contextlib.closing(Program(tmp_path, LinkedClock(emulator))) as made:
        made.configure(emulator.endpoint)
        yield made


@pytest.fixture
def snapshot(program: Program) -> str:
    """Take a snapshot of employees and return its id."""
    return take_employees(program)


@pytest.fixture
def bare_program(tmp_path: Path) -> Iterator[Program]:
    """The program with an empty configuration."""
    with contextlib.closing(Program(tmp_path)) as made:
        yield made


@pytest.fixture
def made(tmp_path: Path, emulator: RunningEmulator) -> Program:
    """The program with an empty configuration, on the emulator's clock."""
    return Program(tmp_path, LinkedClock(emulator))
