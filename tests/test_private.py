"""Files and directories of others: not written through, not used, not obeyed."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.files import replaced
from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.archive.scene import exported
from tests.conftest import SOURCE_KEYS, Program

pytestmark = pytest.mark.skipif(os.name != "posix", reason="such permissions are POSIX's")
as_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
NOBODY = 65534
PLAN = """
[[backup]]
name = "employees"
type = "PersonGroup"
object_id = "employees"
method = "export"
require_images = false
to = ["file:nightly.facesnap"]
[notify]
metrics = "facesnap.prom"
"""


def write_plan(program: Program) -> Path:
    path = program.directory / "nightly.toml"
    path.write_text(PLAN)
    return path


class TestWriting:
    def test_a_link_in_the_way_of_a_file_is_replaced_and_not_followed(
        self, program: Program, emulator: RunningEmulator
    ) -> None:
        precious = program.directory / "precious"
        precious.write_text("mine")
        for name in ("ids.csv", "summary.md", "facesnap.prom"):
            (program.directory / name).symlink_to(precious)
        plan, summary = write_plan(program), str(program.directory / "summary.md")
        assert program.run("run", str(plan), "--summary", summary, "-q").status == 0
        archive = exported(program, emulator, "PersonGroup", "employees")
        ids = str(program.directory / "ids.csv")
        done = program.run("import", str(archive), "-p", "target", "--object-id", "new", "--id-map", ids, "-q")
        assert (done.status, done.err) == (0, "")
        assert precious.read_text() == "mine"
        assert not any((program.directory / name).is_symlink() for name in ("ids.csv", "summary.md", "facesnap.prom"))

    def test_what_is_no_file_is_not_replaced(self, tmp_path: Path) -> None:
        link = tmp_path / "out"
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        link.symlink_to(pipe)
        with pytest.raises(OSError, match="not a regular file"), replaced(link):
            pass
        assert (link.is_symlink(), pipe.is_fifo()) == (True, True)


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

    def test_the_emulator_keeps_its_data_where_others_do_not_write(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        with running(EmulatorOptions(port=0, data=data)):
            assert stat.S_IMODE(data.stat().st_mode) == 0o700
        data.chmod(0o777)
        with pytest.raises(FacesnapError, match="others may write to"), running(EmulatorOptions(port=0, data=data)):
            pass


class TestReading:
    @as_root
    def test_a_configuration_of_another_user_is_refused(self, program: Program) -> None:
        config = program.directory / "config.toml"
        os.chown(config, NOBODY, NOBODY)
        done = program.run("list")
        assert (done.status, done.out) == (13, "")
        assert f"{config} belongs to another user" in done.err
        assert f"chown 0 {config}" in done.err

    @as_root
    def test_a_plan_of_another_user_is_read_as_in_a_container_that_has_checked_it_out(self, program: Program) -> None:
        plan = write_plan(program)
        os.chown(plan, NOBODY, NOBODY)
        done = program.run("run", str(plan), "-q", "-o", "none")
        assert (done.status, done.out, done.err) == (0, "", "")

    def test_a_plan_that_anybody_may_write_is_refused(self, program: Program) -> None:
        plan = write_plan(program)
        plan.chmod(0o666)
        done = program.run("run", str(plan))
        assert (done.status, done.out) == (13, "")
        assert f"chmod go-w {plan}" in done.err

    def test_a_command_in_a_hint_can_be_pasted_whatever_the_path(self, program: Program) -> None:
        folder = program.directory / "d;touch pwn;#"
        folder.mkdir()
        plan = folder / "it's.toml"
        plan.write_text(PLAN)
        plan.chmod(0o666)
        assert shlex.join(["chmod", "go-w", str(plan)]) in program.run("run", str(plan)).err
        config = folder / "config.toml"
        config.write_text(f'[profiles.a]\nendpoint = "https://h.example"\nkey = "{SOURCE_KEYS[0]}"\n')
        config.chmod(0o644)
        assert shlex.join(["chmod", "600", str(config)]) in program.run("list", "--config", str(config)).err


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

    def test_tab_offers_nothing(self, tmp_path: Path, homeless: tuple[str, ...]) -> None:
        environment = {"PATH": os.environ["PATH"]}
        command = [*homeless, "__complete", "--line", "facesnap list --profile "]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "words\n", "")
