"""Files of others: not written through, not used, not obeyed."""

from __future__ import annotations

import os
import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from facesnap_cli.common.files import append_text, replaced
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program
from tests.support.archives import exported
from tests.support.disks import files_limited
from tests.support.permissions import NOBODY, as_root, write_plan
from tests.support.waiting import HANG_S, PATIENCE_S

pytestmark = pytest.mark.skipif(os.name != "posix", reason="such permissions are POSIX's")


class TestWriting:
    def test_a_link_in_the_way_of_a_file_is_replaced_and_not_followed(
        self, program: Program, emulator: RunningEmulator
    ) -> None:
        names = ("ids.csv", "summary.md", "facesnap.prom")
        precious = [program.directory / f"precious {name}" for name in names]
        for name, path in zip(names, precious, strict=True):
            path.write_text("mine")
            (program.directory / name).symlink_to(path)
        plan, summary = write_plan(program), str(program.directory / "summary.md")
        assert program.run("run", str(plan), "--summary", summary, "-q").status == 0
        archive = exported(program, emulator, "PersonGroup", "employees")
        ids = str(program.directory / "ids.csv")
        done = program.run("import", str(archive), "-p", "target", "--object-id", "new", "--id-map", ids, "-q")
        assert (done.status, done.err) == (0, "")
        assert [path.read_text() for path in precious] == ["mine"] * 3
        assert not any((program.directory / name).is_symlink() for name in names)

    def test_what_is_no_file_is_not_replaced(self, tmp_path: Path) -> None:
        link = tmp_path / "out"
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        link.symlink_to(pipe)
        with pytest.raises(OSError, match="not a regular file"), replaced(link):
            pass
        assert (link.is_symlink(), pipe.is_fifo()) == (True, True)


class TestAppending:
    def test_a_pipe_gets_the_text_once_somebody_reads_it(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        with ThreadPoolExecutor() as pool:
            read = pool.submit(pipe.read_text)
            append_text(pipe, "text\n", timeout_s=HANG_S)
            assert read.result(PATIENCE_S) == "text\n"

    def test_a_pipe_that_nobody_reads_or_that_is_full_is_an_error_after_a_time(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        with pytest.raises(OSError, match="nobody reads this pipe"):
            append_text(pipe, "text", timeout_s=0.01)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        with pytest.raises(OSError, match="its reader takes nothing"):
            append_text(pipe, "x" * 10_000_000, timeout_s=0.01)
        os.close(reader)

    def test_an_open_file_of_the_process_is_written_and_its_link_stays(self, tmp_path: Path) -> None:
        link, written = tmp_path / "link", tmp_path / "written"
        with written.open("a") as file:
            link.symlink_to(f"/proc/self/fd/{file.fileno()}")
            append_text(link, "text")
            with pytest.raises(OSError, match="not a regular file"), replaced(link):
                pass
        assert (link.is_symlink(), written.read_text()) == (True, "text")

    def test_a_file_gets_all_of_a_text_or_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_text("before\n")
        with files_limited(10), pytest.raises(OSError, match="File too large"):
            append_text(path, "more than fits")
        assert path.read_text() == "before\n"

    def test_a_new_file_that_cannot_get_all_of_a_text_is_not_left_there(self, tmp_path: Path) -> None:
        with files_limited(10), pytest.raises(OSError, match="File too large"):
            append_text(tmp_path / "file", "more than fits")
        assert list(tmp_path.iterdir()) == []


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
        plan = write_plan(program).rename(folder / "it's.toml")
        plan.chmod(0o666)
        assert shlex.join(["chmod", "go-w", str(plan)]) in program.run("run", str(plan)).err
        config = folder / "config.toml"
        config.write_text(f'[profiles.a]\nendpoint = "https://h.example"\nkey = "{SOURCE_KEYS[0]}"\n')
        config.chmod(0o644)
        assert shlex.join(["chmod", "600", str(config)]) in program.run("list", "--config", str(config)).err
