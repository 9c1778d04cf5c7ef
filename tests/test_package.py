"""The distributions: what is in them, and that the wheel works by itself."""

from __future__ import annotations

import socket
import subprocess
import sys
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from facesnap_cli import __version__
from tests.package import build, installed
from tests.support.keys import KEY

pytestmark = pytest.mark.xdist_group("distributions")  # built and installed once, whatever the number of workers


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def programs(distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(sys.executable, tmp_path_factory.mktemp("clean") / "venv", distributions[1])


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


def test_the_wheel_runs_without_the_extras(programs: Path) -> None:
    version = run(programs / "facesnap", "--version")
    assert (version.returncode, version.stdout, version.stderr) == (0, f"facesnap {__version__}\n", "")
    with closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))  # without listen(): every connection is refused
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        given = {"FACESNAP_ENDPOINT": endpoint, "FACESNAP_KEY": KEY}
        listed = run(programs / "facesnap", "list", "--max-retries", "0", **given)
    assert (listed.returncode, listed.stdout) == (9, "")
    assert f"no answer from {endpoint.removeprefix('http://')}" in listed.stderr


@pytest.mark.parametrize(
    ("command", "extra", "status"),
    [
        (["emulator", "start"], "emulator", 2),
        (["list", "-p", "with-keyring"], "keyring", 4),
        (["list", "-p", "with-entra"], "entra", 4),
    ],
)
def test_a_command_without_its_extra_says_how_to_get_it(
    programs: Path, tmp_path: Path, command: list[str], extra: str, status: int
) -> None:
    endpoint = 'endpoint = "https://NAME.cognitiveservices.azure.com"'
    config = tmp_path / "config.toml"
    config.write_text(
        f'[profiles.with-keyring]\n{endpoint}\nkeyring = true\n[profiles.with-entra]\n{endpoint}\nauth = "entra"\n'
    )
    result = run(programs / "facesnap", *command, "--config", str(config))
    assert (result.returncode, result.stdout) == (status, "")
    assert f"pip install 'facesnap-cli[{extra}]'" in result.stderr
