"""Environments for the clients, and the emulators that they call."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.bench.harness import environment_with
from tests.emulator.doors import png, token
from tests.support.waiting import PATIENCE_S

HERE = Path(__file__).parent
RunClient = Callable[..., str]


@pytest.fixture(scope="session")
def service() -> Iterator[RunningEmulator]:
    """An emulator in which everything ends at once."""
    with running(EmulatorOptions(port=0, seed="demo", take_time=0, apply_time=0, train_time=0)) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def secure_service() -> Iterator[RunningEmulator]:
    """An emulator with HTTPS and tokens."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, which makes the certificate")
    options = EmulatorOptions(port=0, seed="demo", take_time=0, apply_time=0, train_time=0, https=True, oauth="basic")
    with running(options) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the images 1.png and 2.png."""
    directory = tmp_path_factory.mktemp("images")
    for number in (1, 2):
        (directory / f"{number}.png").write_bytes(png(number))
    return directory


@pytest.fixture(scope="session")
def run_python(tmp_path_factory: pytest.TempPathFactory, images: Path) -> RunClient:
    """Run a script of this folder in an environment that holds some packages, and return what it printed."""
    programs: dict[tuple[str, ...], Path] = {}

    def run(requirements: tuple[str, ...], script: str, emulator: RunningEmulator, *more: str) -> str:
        if requirements not in programs:
            try:
                programs[requirements] = environment_with(tmp_path_factory.mktemp("client") / "venv", *requirements)
            except subprocess.CalledProcessError:
                pytest.skip(f"needs the network: pip could not install {', '.join(requirements)}")
        return _run([str(programs[requirements] / "python"), str(HERE / script)], emulator, images, *more)

    return run


@pytest.fixture(scope="session")
def run_node(tmp_path_factory: pytest.TempPathFactory, images: Path) -> RunClient:
    """Run a script of this folder with Node.js beside some packages, and return what it printed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("needs Node.js (node and npm)")
    directories: dict[tuple[str, ...], Path] = {}

    def run(requirements: tuple[str, ...], script: str, emulator: RunningEmulator, *more: str) -> str:
        if requirements not in directories:
            directory = tmp_path_factory.mktemp("client")
            command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(directory), *requirements]
            if subprocess.run(command, capture_output=True, cwd=directory).returncode:
                pytest.skip(f"needs the network: npm could not install {', '.join(requirements)}")
            directories[requirements] = directory
        # Node.js looks for packages beside the script.
        copy = shutil.copy(HERE / script, directories[requirements])
        return _run([node, str(copy)], emulator, images, *more)

    return run


def _run(command: list[str], emulator: RunningEmulator, images: Path, *more: str) -> str:
    """Run a client with ENDPOINT KEY TARGET_KEY IMAGES TOKEN and `more`, and return what it printed."""
    keys = [account.keys[0] for account in emulator.accounts]
    trust = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
    environment = os.environ | ({} if emulator.cert is None else dict.fromkeys(trust, str(emulator.cert)))
    arguments = [emulator.endpoint, *keys[:2], str(images), token(), *more]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
