"""What the tests with a hostile server share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from facesnap_cli.cli.context import App
from facesnap_cli.models.objects import FaceObject, ObjectType
from tests.conftest import SOURCE_SUBSCRIPTION, TARGET_SUBSCRIPTION, Program, Result
from tests.hostile.server import HostileServer, Script, answer, serving
from tests.support.waiting import PATIENCE_S

KEY = "c0ffee00c0ffee00c0ffee00c0ffee00"


@dataclass
class Victim:
    """The program, a server that it is configured for, and another one that must never hear of it."""

    program: Program
    server: HostileServer
    other: HostileServer

    def list_groups(self) -> list[FaceObject]:
        """List the person groups, which no command does by itself."""
        app = App(self.program.environment, self.program.clock)
        try:
            return list(app.account.objects.list(ObjectType.PERSON_GROUP))
        finally:
            app.close()

    def run(self, *arguments: str, **environment: str) -> Result:
        """Run a command and hold it to what every run promises: an end, no traceback, and a key that goes nowhere."""
        result = self.program.run(*arguments, "--max-retries", "0", **environment)
        assert "Traceback" not in result.err
        assert result.status != 1, result.err
        assert KEY not in result.out + result.err
        assert self.other.connections == 0
        if "--debug" not in arguments:
            assert len(result.err.splitlines()) <= 4, result.err
        return result


@pytest.fixture
def other() -> Iterator[HostileServer]:
    """A second port, where a key that leaks arrives."""
    with serving(lambda request: answer(200, [])) as server:
        yield server


@pytest.fixture
def victim_of(tmp_path: Path, other: HostileServer) -> Iterator[Callable[..., Victim]]:
    """Make the program the victim of a script."""
    servers = []

    def make(script: Script, *, tls: bool = False, greeting: bytes = b"") -> Victim:
        server = HostileServer(script, tls=tls, greeting=greeting)
        servers.append(server)
        program = Program(tmp_path)
        program.write_config(
            f"""
            [profiles.source]
            endpoint = "{server.endpoint}"
            key = "{KEY}"
            subscription_id = "{SOURCE_SUBSCRIPTION}"
            apply_scope = ["{TARGET_SUBSCRIPTION}"]
            http_timeout = "{PATIENCE_S:.0f}s"
            rate_limit = "none"
            """
        )
        return Victim(program, server, other)

    yield make
    for server in servers:
        server.close()
