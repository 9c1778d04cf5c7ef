"""Profiles with keys from somewhere, and what every key source that fails promises."""

from __future__ import annotations

from pathlib import Path

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, SOURCE_SUBSCRIPTION, TARGET_SUBSCRIPTION, Program, Result

KEY, SECOND_KEY = SOURCE_KEYS
WRONG_KEY = "deadbeefdeadbeefdeadbeefdeadbeef"


def configured(made: Program, emulator: RunningEmulator, *lines: str) -> Program:
    """Give the program one profile, `prod`, with these lines."""
    head = ["[profiles.prod]", f'endpoint = "{emulator.endpoint}"', 'rate_limit = "none"']
    head += [f'subscription_id = "{SOURCE_SUBSCRIPTION}"', f'apply_scope = ["{TARGET_SUBSCRIPTION}"]']
    made.write_config("\n".join([*head, *lines]) + "\n")
    return made


def key_file(directory: Path, content: str | bytes = f"{KEY}\n", mode: int = 0o600, name: str = "face.key") -> Path:
    path = directory / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def refused(result: Result, *reasons: str) -> None:
    """Hold a result to what every failing key source promises: exit 4, the reason, no key, no traceback."""
    assert (result.status, result.out) == (4, ""), result
    assert "Traceback" not in result.err
    assert len(result.err.splitlines()) <= 4
    for key in (KEY, SECOND_KEY, WRONG_KEY):
        assert key not in result.err
    for reason in reasons:
        assert reason in result.err
