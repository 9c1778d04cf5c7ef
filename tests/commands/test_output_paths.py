"""No output of any command overwrites what it must not, and each is checked before the first request."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import pytest
from typer import BadParameter

from facesnap_cli.cli.command_table import Facesnap
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.config.paths import OutputPath
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import Program, Result
from tests.support.archives import exported

pytestmark = pytest.mark.skipif(os.name != "posix", reason="such files are POSIX's")

# Every output of every command: the command line that writes it, and the input that it must not be.
OUTPUTS = {
    ("export", "--to"): ("export", "-t", "PersonGroup", "-i", "employees", "--base", "INPUT", "--force", "--to", "OUT"),
    ("import", "--id-map"): (
        "import",
        "ARCHIVE",
        "-p",
        "target",
        "-i",
        "copy",
        "--ca-bundle",
        "INPUT",
        "--id-map",
        "OUT",
    ),
    ("restore", "--id-map"): (
        *("restore", "ARCHIVE", "--to", "target:copy", "--yes", "--ca-bundle", "INPUT", "--id-map", "OUT"),
    ),
    ("run", "--summary"): ("run", "PLAN", "--ca-bundle", "INPUT", "--summary", "OUT"),
    ("emulator start", "--access-log"): (
        *("emulator", "start", "--port", "0", "--accounts", "INPUT", "--access-log", "OUT"),
    ),
    ("", "--log-file"): ("list", "--ca-bundle", "INPUT", "--log-file", "OUT"),
    ("run", "metrics"): ("run", "METRICS_PLAN", "--ca-bundle", "INPUT"),
    ("run", "GITHUB_STEP_SUMMARY"): ("run", "PLAN", "--ca-bundle", "INPUT"),
}
APPENDED = {
    ("emulator start", "--access-log"),
    ("run", "--summary"),
    ("run", "GITHUB_STEP_SUMMARY"),
    ("", "--log-file"),
}
BY_OPTION = [output for output in OUTPUTS if output[1].startswith("--")]
TEXTS_OF_A_RUN = [output for output in OUTPUTS if output[1] != "--to" and output[0] not in ("", "emulator start")]
each_output = pytest.mark.parametrize("output", OUTPUTS, ids=" ".join)

PATH = re.compile(r"\b(FILE|DIR|ARCHIVE|PLAN)\b")
PLAN = """
[[backup]]
name = "employees"
type = "PersonGroup"
object_id = "employees"
method = "export"
to = ["file:backups/{name}.facesnap"]
"""


@dataclass
class Place:
    """A directory with everything that an output must not overwrite."""

    program: Program
    emulator: RunningEmulator
    archive: Path

    @property
    def directory(self) -> Path:
        return self.program.directory

    def path(self, name: str, output: tuple[str, str]) -> Path:
        """Return a path for an output, with the ending that it needs."""
        return self.directory / f"{name}{'.csv' if output[1] == '--id-map' else '.out'}"

    def input(self, output: tuple[str, str]) -> Path:
        """Return the file that the command of an output reads."""
        path = self.path("input", output)
        if not path.exists():
            path.write_bytes(self.archive.read_bytes() if output[1] == "--to" else b"text")
        return path

    def write(self, output: tuple[str, str], to: str) -> Result:
        """Run the command of an output, and check that it sends nothing."""
        plan = self.directory / "plan.toml"
        plan.write_text(PLAN)
        metrics_plan = self.directory / "metrics.toml"
        metrics_plan.write_text(f"{PLAN}\n[notify]\nmetrics = '{to}'\n")
        words = {
            "OUT": to,
            "INPUT": str(self.input(output)),
            "ARCHIVE": str(self.archive),
            "PLAN": str(plan),
            "METRICS_PLAN": str(metrics_plan),
        }
        environment = {"GITHUB_STEP_SUMMARY": to} if output[1] == "GITHUB_STEP_SUMMARY" else {}
        return self.program.run(*(words.get(word, word) for word in OUTPUTS[output]), "-q", **environment)

    def refused(self, output: tuple[str, str], to: Path | str) -> str:
        """Return the error with which the command is refused before its first request."""
        before = self.emulator.requests()["total"]
        done = self.write(output, str(to))
        assert done.status == (13 if output[1] == "metrics" else 2), done
        assert self.emulator.requests()["total"] == before
        return done.err


@pytest.fixture
def place(program: Program, emulator: RunningEmulator) -> Place:
    return Place(program, emulator, exported(program, emulator, "PersonGroup", "employees"))


def output_options() -> Iterator[tuple[str, str]]:
    """Yield every option of every command that names an output, by the type of its value."""

    def of(command: Any, name: str) -> Iterator[tuple[str, str]]:
        for sub in getattr(command, "list_commands", lambda context: [])(None):
            yield from of(command.get_command(None, sub), f"{name} {sub}".strip())
        for param in getattr(command, "own_params", command.params):  # the program itself has the common options
            parse = getattr(param.type, "func", None)
            if parse and isinstance(_parsed(parse), OutputPath):
                yield name, max(param.opts, key=len)

    return of(Facesnap(), "")


def _parsed(parse: Callable[[str], object]) -> object:
    with contextlib.suppress(FacesnapError, BadParameter):
        return parse("name")
    return None


def path_options() -> Iterator[tuple[str, str]]:
    """Yield every option and argument that names a file or a directory, by its metavar, with the type of its value."""

    def of(command: Any, name: str) -> Iterator[tuple[str, str]]:
        for sub in getattr(command, "list_commands", lambda context: [])(None):
            yield from of(command.get_command(None, sub), f"{name} {sub}".strip())
        for param in command.params:
            if PATH.search(param.metavar or ""):
                parse = getattr(param.type, "func", None)
                if not isinstance(parse and _parsed(parse), Path | OutputPath):
                    yield name, max(param.opts, key=len)

    return of(Facesnap(), "")


def test_every_output_option_of_every_command_is_in_the_table() -> None:
    assert set(output_options()) == set(BY_OPTION)


def test_every_other_option_for_a_path_expands_it() -> None:
    # Read as settings are, or not always a path.
    others = {"--config", "--ca-bundle", "--key-file", "--seed", "backup"}
    assert {option for _, option in path_options()} <= others


@each_output
@pytest.mark.parametrize("kind", ["itself", "link", "hard link", "dots"])
def test_no_output_is_an_input_of_its_command(place: Place, output: tuple[str, str], kind: str) -> None:
    source, path = place.input(output), place.path("other", output)
    before = source.read_bytes()
    if kind == "link":
        path.symlink_to(source)
    elif kind == "hard link":
        path.hardlink_to(source)
    elif kind == "dots":
        (place.directory / "d").mkdir()
        path = place.directory / "d" / ".." / "." / source.name
    said = place.refused(output, source if kind == "itself" else path)
    assert any(text in said for text in (", which this", "it is the file of --ca-bundle", "it is --accounts"))
    assert source.read_bytes() == before


@each_output
def test_no_output_is_what_facesnap_keeps(place: Place, output: tuple[str, str]) -> None:
    ending = place.path("any", output).suffix
    state = place.directory / "state"
    config = place.directory / "config.toml"
    link = place.path("state-link", output)
    link.symlink_to(state / "new")
    named = place.path("config-link", output)
    named.symlink_to(config)
    before = {path: path.read_bytes() for path in (config, *state.rglob("*")) if path.is_file()}
    assert "the configuration file" in place.refused(output, named)
    for path in (state / f"journal{ending}", state / "deeper" / f"new{ending}", link):
        assert "in the state directory" in place.refused(output, path)
    assert {path: path.read_bytes() for path in before} == before


@each_output
@pytest.mark.parametrize("kind", ["directory", "fifo", "socket", "device", "descriptor"])
def test_an_output_replaces_only_a_regular_file(place: Place, output: tuple[str, str], kind: str) -> None:
    path = place.path("special", output)
    with socket.socket(socket.AF_UNIX) as listener, (place.directory / "open").open("w") as opened:
        if kind == "directory":
            path.mkdir()
        elif kind == "fifo":
            os.mkfifo(path)
        elif kind == "socket":
            listener.bind(os.path.relpath(path))
        elif kind == "device":
            path.symlink_to("/dev/null")
        else:
            path.symlink_to(f"/proc/self/fd/{opened.fileno()}")
        before = path.lstat()
        if output in APPENDED and kind in ("fifo", "device", "descriptor"):
            return  # what is appended to may be such a thing: see below
        said = place.refused(output, path)
        assert ("it is a directory" if kind == "directory" else "it is not a regular file") in said
        assert path.lstat().st_ino == before.st_ino


@each_output
def test_a_text_never_replaces_an_archive_nor_an_image(place: Place, output: tuple[str, str]) -> None:
    if output[1] == "--to":
        return  # an archive replaces archives, with --force
    other = place.path("precious", output)
    other.write_bytes(place.archive.read_bytes())
    assert "it is not a text file" in place.refused(output, other)
    assert other.read_bytes() == place.archive.read_bytes()


@pytest.mark.parametrize("output", BY_OPTION, ids=" ".join)
def test_an_output_that_cannot_be_written_is_noticed_before_the_work(
    place: Place, output: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = place.directory / "missing" / place.path("x", output).name
    assert f"there is no directory {missing.parent}" in place.refused(output, missing)
    closed = place.directory / "closed"
    closed.mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != closed)  # root may write everywhere
    assert f"the directory {closed} may not be written" in place.refused(output, closed / missing.name)


@pytest.mark.parametrize("output", [output for output in OUTPUTS if output[1] != "GITHUB_STEP_SUMMARY"], ids=" ".join)
@pytest.mark.parametrize("text", ["-", "newdir/"])
def test_an_output_is_never_stdout_nor_the_name_of_a_directory(
    place: Place, output: tuple[str, str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.directory)
    assert "name a file" in place.refused(output, text)
    assert not Path(text).exists()


def test_all_that_is_wrong_with_outputs_is_said_at_once(place: Place) -> None:
    plan = place.directory / "plan.toml"
    plan.write_text(f"{PLAN}\n[notify]\nmetrics = 'backups/employees.facesnap'\n")
    done = place.program.run("run", str(plan), "--summary", str(plan), GITHUB_STEP_SUMMARY=str(plan.parent))
    assert done.status == 13
    assert f"{plan}:10: metrics: it is the file of {plan}:7: to: file:backups/{{name}}.facesnap, too" in done.err
    assert f"--summary {plan}: it is the plan, which this run reads" in done.err
    assert f"GITHUB_STEP_SUMMARY {plan.parent}: it is a directory" in done.err


def test_the_metrics_of_checks_are_checked_too(place: Place) -> None:
    plan = place.directory / "plan-check.toml"
    plan.write_text(f"{PLAN}\n[notify]\nmetrics = 'plan.toml'\n")
    done = place.program.run("backups", str(plan), "--check")
    assert done.status == 13
    assert "metrics: plan-check.toml, which --check writes: it is the plan" in done.err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="which file a descriptor is, Linux says")
@pytest.mark.parametrize("output", TEXTS_OF_A_RUN, ids=" ".join)
def test_a_full_disk_leaves_what_was_there_and_nothing_half_written(
    place: Place, output: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.path("full", output)
    path.write_text("before\n")
    shutil.copy(certifi.where(), place.input(output))
    monkeypatch.setattr(f"{__name__}.PLAN", f"{PLAN}require_images = false\n")
    sync = os.fsync

    def full(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name.lstrip(".").startswith("full."):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr("os.fsync", full)
    done = place.write(output, str(path))
    is_warning = output[1] in ("metrics", "GITHUB_STEP_SUMMARY")
    assert "No space left on device" in done.err
    assert done.status == (0 if is_warning else 1), done
    assert path.read_text() == "before\n"
    assert [file.name for file in place.directory.iterdir() if file.name.startswith(".full")] == []
