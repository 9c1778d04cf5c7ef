"""Test `facesnap emulator start` as a process: exit status, stdout and stderr."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from facesnap_cli.common.errors import UsageError
from facesnap_cli.emulator.accounts import BUILT_IN
from facesnap_cli.emulator.http_server import EmulatorOptions, running
from tests.support.waiting import PATIENCE_S


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment without any facesnap configuration of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FACESNAP_")}
    return kept | {"FACESNAP_CONFIG": str(tmp_path / "config.toml"), "FACESNAP_STATE_DIR": str(tmp_path)}


def command(*arguments: str) -> list[str]:
    """Return the command line of `facesnap emulator start`."""
    return [sys.executable, "-W", "error", "-m", "facesnap_cli", "emulator", "start", *arguments]


@contextmanager
def started(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start the command; kill it at the end if it still runs."""
    process = subprocess.Popen(
        command("--port", "0", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_with_json_the_banner_is_one_line_for_scripts(environment: dict[str, str]) -> None:
    with started(environment, "-o", "json", "--seed", "demo") as process:
        assert process.stdout is not None
        banner = json.loads(process.stdout.readline())
        health = httpx.get(f"{banner['endpoint']}/_emulator/health").json()
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=PATIENCE_S)

    assert [account["keys"] for account in banner["accounts"]] == [list(account.keys) for account in BUILT_IN]
    assert health["status"] == "ok"
    assert (process.returncode, rest) == (0, ("", ""))


def test_the_banner_for_people_ends_with_a_command(environment: dict[str, str]) -> None:
    with started(environment, "--tier", "F0") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        shown = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        shown += process.stdout.read()
        errors = process.stderr.read()

    assert shown.startswith("Face emulator at http://127.0.0.1:")
    assert "tier F0" in shown
    assert "FACESNAP_KEY=a0000000000000000000000000000001 facesnap list" in shown
    assert (process.wait(), errors) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="such a device is Linux's")
def test_an_access_log_on_a_full_disk_is_one_warning_and_requests_go_on(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config.toml").touch(0o600)
    with started(environment, "--access-log", "/dev/full", "-o", "json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        endpoint = json.loads(process.stdout.readline())["endpoint"]
        responses = [httpx.get(f"{endpoint}/_emulator/health") for _ in range(2)]
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()

    assert [response.status_code for response in responses] == [200, 200]
    assert errors.startswith("warning: the access log /dev/full cannot be written: No space left on device; ")
    assert (process.wait(), errors.count("\n")) == (0, 1)


def test_every_option_reaches_the_emulator(environment: dict[str, str], tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.json"
    accounts.write_text(json.dumps([BUILT_IN[1].document()]))
    options = ["--data", str(tmp_path / "data"), "--dialect", "2019-01", "--service", "gated", "--tier", "S0"]
    options += [
        "--accounts",
        str(accounts),
        "--take-time",
        "1/1000",
        "--apply-time",
        "0",
        "--train-time",
        "0",
        "--host",
        "127.0.0.1",
    ]
    options += ["--fault", "GET /persongroups status=418", "--fault", "GET /facelists status=503"]
    with started(environment, "-o", "jsonl", *options) as process:
        assert process.stdout is not None
        banner = json.loads(process.stdout.readline())
        faults = httpx.get(f"{banner['endpoint']}/_emulator/faults").json()

    assert (banner["dialect"], banner["service"], banner["tier"]) == ("2019-01", "gated", "S0")
    assert banner["data"] == str(tmp_path / "data")
    assert [account["name"] for account in banner["accounts"]] == ["facesnap-emulator-target"]
    assert [fault["status"] for fault in faults] == [418, 503]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--dialect", "2018"], "--dialect 2018: choose from 2019-01, 2019-06, 2020-09, 2021-03"),
        (["--fault", "POST /snapshots"], "write METHOD /path key=value"),
        (["--seed", "missing.json"], "the seed missing.json cannot be read"),
        (["--take-time", "soon"], "--take-time soon: give seconds"),
        (["--port", "70000"], "--port"),
    ],
)
def test_a_wrong_option_is_a_usage_error(environment: dict[str, str], arguments: list[str], complaint: str) -> None:
    done = subprocess.run(
        command("--port", "0", *arguments),
        capture_output=True,
        text=True,
        env=environment,
        timeout=PATIENCE_S,
        check=False,
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert complaint in done.stderr


def test_without_the_extra_it_says_what_to_install(environment: dict[str, str], tmp_path: Path) -> None:
    hide = "import sys; sys.modules['starlette'] = None; from facesnap_cli.cli.main import main"
    hide += "; sys.exit(main(['emulator', 'start']))"
    done = subprocess.run(
        [sys.executable, "-c", hide], capture_output=True, text=True, env=environment, timeout=PATIENCE_S
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'facesnap-cli[emulator]'" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="such files are POSIX's")
@pytest.mark.parametrize("option", ["seed", "accounts", "cert"])
@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_an_input_that_is_no_file_is_refused_at_once(tmp_path: Path, option: str, kind: str) -> None:
    path = tmp_path / "input"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    options = {
        "seed": EmulatorOptions(port=0, seed=str(path)),
        "accounts": EmulatorOptions(port=0, accounts=path),
        "cert": EmulatorOptions(port=0, cert=path),
    }
    with pytest.raises(UsageError, match="it is not a regular file"), running(options[option]):
        pass
