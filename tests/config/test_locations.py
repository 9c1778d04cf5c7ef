"""Where the configuration and the state lie: private directories, and no guess without a home directory."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from facesnap_cli.config.locations import config_path, state_directory
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program
from tests.support.permissions import NOBODY, as_root, write_plan

pytestmark = pytest.mark.skipif(os.name != "posix", reason="such permissions are POSIX's")


class TestDirectories:
    @pytest.mark.parametrize("command", [["list", "-q"], ["run", "PLAN", "-q"], ["export", "-q"]])
    def test_the_first_command_makes_the_state_directory_private(self, program: Program, command: list[str]) -> None:
        words = [str(write_plan(program)) if word == "PLAN" else word for word in command]
        if command[0] == "export":
            words += ["-t", "PersonGroup", "-i", "employees", "--to", str(program.directory / "x.facesnap")]
        program.environment["FACESNAP_STATE_DIR"] = str(program.directory / "far" / "state")
        before = os.umask(0o002)
        try:
            assert program.run(*words).status == 0
        finally:
            os.umask(before)
        for directory in (program.directory / "far", *(path for path in (program.directory / "far").rglob("*"))):
            if directory.is_dir():
                assert stat.S_IMODE(directory.stat().st_mode) == 0o700, directory

    @pytest.mark.parametrize("command", [["take", "-t", "PersonGroup", "-i", "employees"], ["run", "PLAN"], ["export"]])
    @pytest.mark.parametrize(("mode", "owner"), [(0o770, 0), (0o777, 0), pytest.param(0o700, NOBODY, marks=as_root)])
    def test_a_state_directory_of_others_is_refused(
        self, program: Program, emulator: RunningEmulator, command: list[str], mode: int, owner: int
    ) -> None:
        words = [str(write_plan(program)) if word == "PLAN" else word for word in command]
        if command[0] == "export":
            words += ["-t", "PersonGroup", "-i", "employees", "--to", str(program.directory / "x.facesnap")]
        state = program.directory / "state"
        state.mkdir()
        state.chmod(mode)
        if owner:
            os.chown(state, owner, owner)
        done = program.run(*words)
        assert (done.status, done.out) == (13, "")
        assert ("belongs to another user" if owner else f"chmod 700 {state}") in done.err
        assert emulator.requests()["requests"] == []


class TestHomelessness:
    """A uid without an entry in the list of users, and without HOME."""

    @pytest.fixture
    def homeless(self, tmp_path: Path) -> tuple[str, ...]:
        script = (
            "import os, pwd, sys\n"
            "def getpwuid(uid): raise KeyError(uid)\n"
            "pwd.getpwuid = getpwuid\n"
            "sys.argv = ['facesnap', *sys.argv[1:]]\n"
            "from facesnap_cli.__main__ import run\n"
            "run()\n"
        )
        return (sys.executable, "-c", script)

    @pytest.mark.parametrize(
        ("command", "more"),
        [
            (["list"], {}),
            (["list", "-o", "json"], {}),
            (["status"], {"FACESNAP_CONFIG": "/dev/null"}),
            (["doctor", "--as-cron"], {"FACESNAP_CONFIG": "/dev/null"}),
            (["list"], {"FACESNAP_CONFIG": "~nosuch/x"}),
            (["list"], {"FACESNAP_CONFIG": "~/x"}),
        ],
    )
    def test_it_is_one_clear_error(
        self, tmp_path: Path, homeless: tuple[str, ...], command: list[str], more: dict[str, str]
    ) -> None:
        environment = {"PATH": os.environ["PATH"], **more}
        done = subprocess.run([*homeless, *command], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (13, "")
        assert "home directory is not known" in done.stderr
        assert "Traceback" not in done.stderr
        if "json" in command:
            assert json.loads(done.stderr)["error"]["exitCode"] == 13
        assert list(tmp_path.iterdir()) == []

    def test_endpoint_key_and_state_directory_are_enough(
        self, tmp_path: Path, homeless: tuple[str, ...], emulator: RunningEmulator
    ) -> None:
        given = {"FACESNAP_ENDPOINT": emulator.endpoint, "FACESNAP_KEY": SOURCE_KEYS[0]}
        environment = {"PATH": os.environ["PATH"], **given}
        command = [*homeless, "list", "-q", "-o", "json"]
        without = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert (without.returncode, without.stdout) == (13, "")
        assert "FACESNAP_STATE_DIR" in json.loads(without.stderr)["error"]["hint"]
        environment["FACESNAP_STATE_DIR"] = str(tmp_path / "state")
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")

    def test_tab_offers_nothing(self, tmp_path: Path, homeless: tuple[str, ...]) -> None:
        environment = {"PATH": os.environ["PATH"]}
        command = [*homeless, "__complete", "--line", "facesnap list --profile "]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "words\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs is what answers")
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"},
        {"XDG_CONFIG_HOME": "relative", "XDG_STATE_HOME": ""},
        {"HOME": "/home/a b/"},
        {"HOME": "relative"},
    ],
)
def test_directories_are_where_platformdirs_puts_them(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert config_path(None, {}) == platformdirs.user_config_path("facesnap") / "config.toml"
    assert state_directory({}) == platformdirs.user_state_path("facesnap")
