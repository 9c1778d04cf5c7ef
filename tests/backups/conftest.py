"""Three accounts in three subscriptions, twenty person groups in the first, and a program with a profile for each."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import LinkedClock, Program, Result
from tests.support.gate import Gate, gate
from tests.support.service import call, post_calls

GROUPS = 20
PROFILES = ("prod", "dr", "eu")


def key(profile: str) -> str:
    return f"{'abc'[PROFILES.index(profile)]}{'0' * 30}1"


def subscription(profile: str) -> str:
    return f"{'abc'[PROFILES.index(profile)] * 8}-0000-4000-8000-000000000001"


@dataclass
class Estate:
    """The accounts and the program that backs them up."""

    emulator: RunningEmulator
    program: Program

    def run(self, *arguments: str, **environment: str) -> Result:
        return self.program.run(*arguments, **environment)

    def plan(self, *items: str, head: str = "", tail: str = "") -> str:
        """Write a plan of these `[[backup]]` bodies and return its path."""
        path = self.program.directory / "nightly.toml"
        path.write_text("\n".join([head, *(f"[[backup]]\n{item}" for item in items), tail]))
        return str(path)

    def posts(self, end: str) -> int:
        """Return how many POSTs to paths with this end were accepted, or got no response."""
        return sum(call["status"] in (202, None) for call in post_calls(self.emulator, end))

    def takes(self) -> int:
        return self.posts("/snapshots")

    def applies(self) -> int:
        return self.posts("/apply")

    def polls(self) -> int:
        """Return how many times an operation's status was read."""
        return sum("/operations/" in call["path"] for call in self.emulator.requests()["requests"])

    def groups(self, profile: str, collection: str = "persongroups") -> list[str]:
        """Return the ids of an account's groups."""
        found: list[dict[str, Any]] = self.call(profile, "GET", f"/{collection}")
        return [one["personGroupId" if collection == "persongroups" else "largePersonGroupId"] for one in found]

    def make(self, profile: str, *object_ids: str) -> None:
        """Create empty person groups."""
        for object_id in object_ids:
            self.call(profile, "PUT", f"/persongroups/{object_id}", {"name": object_id})

    def call(self, profile: str, method: str, path: str, body: object = None) -> Any:
        """Call the service directly."""
        return call(self.emulator, method, path, key(profile), body, version="v1.0")

    def set_day(self, seconds: float) -> None:
        """Let time pass, for the program and the service."""
        self.program.clock.sleep(seconds)


def item(name: str, *targets: str, **values: object) -> str:
    """Return the body of a `[[backup]]` that copies the group `name` from prod."""
    lines = {"name": name, "from": "prod", "type": "PersonGroup", "object_id": name, "to": list(targets), **values}
    return "\n".join(f"{key} = {_toml(value)}" for key, value in lines.items())


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


@pytest.fixture(scope="session")
def three_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    directory = tmp_path_factory.mktemp("estate")
    accounts, seed = directory / "accounts.json", directory / "seed.json"
    accounts.write_text(
        json.dumps([{"name": one, "subscriptionId": subscription(one), "keys": [key(one)]} for one in PROFILES])
    )
    groups = [
        {"type": "PersonGroup", "objectId": f"group-{number:02}", "name": f"Group {number}", "count": 3 + number}
        for number in range(GROUPS)
    ]
    seed.write_text(json.dumps({"objects": groups}))
    with running(EmulatorOptions(port=0, accounts=accounts, seed=str(seed))) as emulator:
        yield emulator


@pytest.fixture
def estate(tmp_path: Path, three_accounts: RunningEmulator) -> Iterator[Estate]:
    three_accounts.reset()
    with contextlib.closing(Program(tmp_path, LinkedClock(three_accounts))) as program:
        configure(program, three_accounts.endpoint)
        yield Estate(three_accounts, program)


@pytest.fixture
def gated(three_accounts: RunningEmulator) -> Iterator[Gate]:
    with gate(three_accounts.endpoint) as opened:
        yield opened


@pytest.fixture
def behind_the_gate(tmp_path: Path, three_accounts: RunningEmulator, gated: Gate) -> Iterator[Estate]:
    """The estate, with requests that go through the gate."""
    three_accounts.reset()
    with contextlib.closing(Program(tmp_path, LinkedClock(three_accounts))) as program:
        configure(program, gated.endpoint)
        yield Estate(three_accounts, program)


def configure(program: Program, endpoint: str) -> None:
    lines = ['default_profile = "prod"']
    for profile in PROFILES:
        lines += [
            f"[profiles.{profile}]",
            f'endpoint = "{endpoint}"',
            f'key = "{key(profile)}"',
            f'subscription_id = "{subscription(profile)}"',
            'rate_limit = "none"',
        ]
    program.write_config("\n".join(lines) + "\n")
