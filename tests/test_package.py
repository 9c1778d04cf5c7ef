"""The distributions: what is in them, and that the wheel works by itself."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from facesnap_cli import __version__
from facesnap_cli.common.process_lock import ProcessLock
from tests.package import build, installed
from tests.support.keys import KEY
from tests.support.waiting import HANG_S

# An environment takes half a minute to make, so one test uses it for all that only an installed wheel can show.
WITHOUT_EXTRA = (
    (["emulator", "start"], "emulator", 2),
    (["list", "-p", "with-keyring"], "keyring", 4),
    (["list", "-p", "with-entra"], "entra", 4),
)


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist and the wheel, built once for all processes of a parallel test run."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "distributions"
    lock = ProcessLock.acquire(shared.with_suffix(".lock"), timeout_s=HANG_S)
    try:
        if not shared.is_dir():
            made = build(tmp_path_factory.mktemp("building"))
            made[0].parent.rename(shared)
    finally:
        lock.release(remove=False)
    [sdist], [wheel] = shared.glob("*.tar.gz"), shared.glob("*.whl")
    return sdist, wheel


def test_the_version_comes_from_one_place(distributions: tuple[Path, Path]) -> None:
    assert [file.name for file in distributions] == [
        f"facesnap_cli-{__version__}.tar.gz",
        f"facesnap_cli-{__version__}-py3-none-any.whl",
    ]


def test_the_sdist_holds_all_that_a_maintainer_needs(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert names >= {"Makefile", "README.md", "CHANGELOG.md", "LICENSE", "completions/facesnap.bash", "tests/demo.sh"}
    assert names >= {"facesnap_cli/py.typed", "facesnap_cli/cli/completion/table.json", "tests/test_package.py"}


def test_the_wheel_holds_the_program_its_types_and_completions_but_no_tests(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        names = set(wheel.namelist())
    data = f"facesnap_cli-{__version__}.data/data/share"
    assert names >= {"facesnap_cli/py.typed", "facesnap_cli/cli/completion/table.json"}
    assert names >= {f"{data}/bash-completion/completions/facesnap", f"{data}/zsh/site-functions/_facesnap"}
    assert f"{data}/fish/vendor_completions.d/facesnap.fish" in names
    assert not [name for name in names if name.startswith("tests")]


def test_the_wheel_holds_every_template(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        names = set(wheel.namelist())
    root = Path(__file__).parent.parent
    templates = {str(path.relative_to(root)) for path in root.glob("facesnap_cli/**/templates/*")}
    assert len(templates) > 5
    assert names >= templates


def run(program: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": "/nonexistent", **environment}
    return subprocess.run([program, *arguments], capture_output=True, text=True, env=environment)


def test_the_wheel_runs_without_the_extras_and_says_how_to_get_each(
    distributions: tuple[Path, Path], tmp_path: Path
) -> None:
    program = installed(sys.executable, tmp_path / "venv", distributions[1]) / "facesnap"
    version = run(program, "--version")
    assert (version.returncode, version.stdout, version.stderr) == (0, f"facesnap {__version__}\n", "")
    with closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))  # without listen(): every connection is refused
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        given = {"FACESNAP_ENDPOINT": endpoint, "FACESNAP_KEY": KEY}
        listed = run(program, "list", "--max-retries", "0", **given)
    assert (listed.returncode, listed.stdout) == (9, "")
    assert f"no answer from {endpoint.removeprefix('http://')}" in listed.stderr

    endpoint = 'endpoint = "https://face-prod.cognitiveservices.azure.com"'
    config = tmp_path / "config.toml"
    config.write_text(
        f'[profiles.with-keyring]\n{endpoint}\nkeyring = true\n[profiles.with-entra]\n{endpoint}\nauth = "entra"\n'
    )
    for command, extra, status in WITHOUT_EXTRA:
        result = run(program, *command, "--config", str(config))
        assert (result.returncode, result.stdout) == (status, "")
        assert f"pip install 'facesnap-cli[{extra}]'" in result.stderr
