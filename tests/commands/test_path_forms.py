"""Paths of any bytes and paths in home directories work in every command."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from facesnap_cli.common.escape import path_for_storage, stored_path
from facesnap_cli.common.hints import command_line
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import LinkedClock, Program

pytestmark = pytest.mark.skipif(os.name != "posix", reason="such paths are POSIX's")
NAME = os.fsdecode(b"d\xff\xfe caf\xc3\xa9")
EXPORT = ("export", "-t", "PersonGroup", "-i", "employees", "-q")
PLAN = """
[[backup]]
name = "employees"
type = "PersonGroup"
object_id = "employees"
method = "export"
require_images = false
keep = { last = 1 }
"""


@pytest.fixture
def program(tmp_path: Path, emulator: RunningEmulator) -> Iterator[Program]:
    """The program with its state, its configuration and all of its files in a directory whose name is not UTF-8."""
    (tmp_path / NAME).mkdir()
    with closing(Program(tmp_path / NAME, LinkedClock(emulator))) as made:
        made.configure(emulator.endpoint)
        yield made


def test_archives_and_id_maps_may_have_any_path(program: Program) -> None:
    archive, later, ids = (str(program.directory / name) for name in ("a.facesnap", "b.facesnap", "ids.csv"))
    first = program.run(*EXPORT, "--to", archive, "-o", "json")
    assert first.status == 0, first
    second = program.run(*EXPORT, "--to", later, "--base", archive)
    assert second.status == 0, second
    assert program.run("inspect", archive, "--check").status == 0
    assert program.run("diff", archive, later, "-q").status == 0
    imported = program.run("import", archive, "-p", "target", "-i", "copy", "--partial", "--id-map", ids, "-q")
    assert (imported.status, imported.err) == (0, "")
    assert os.path.exists(ids)
    listed = program.run("status", "--all", "-o", "json").json
    assert {document["archive"] for document in listed} == {archive, later}
    refused = program.run(*EXPORT, "--to", archive)
    assert refused.status == 6
    refused.err.encode()


def test_an_interrupted_export_can_be_resumed_by_the_command_that_is_shown(
    program: Program, emulator: RunningEmulator
) -> None:
    archive = str(program.directory / "a.facesnap")
    emulator.faults({"route": "GET /persongroups/employees/persons/*", "status": 503, "skip": 2})
    assert program.run(*EXPORT, "--to", archive, "--max-retries", "0").status == 9
    emulator.faults()
    [document] = program.run("status", "-o", "json").json
    resume = subprocess.run(["bash", "-c", f"printf '%s\\0' {document['resume']}"], capture_output=True).stdout
    words = [os.fsdecode(word) for word in resume.split(b"\0")[1:-1]]
    assert archive in words
    assert program.run(*words, "-q").status == 0


def test_a_plan_may_have_any_path(program: Program) -> None:
    plan, summary = program.directory / "plan.toml", program.directory / "s.md"
    plan.write_text(f"{PLAN}to = ['file:x/{{date}}.facesnap']\n[notify]\nmetrics = 'm.prom'\n")
    for status in ("copied", "current"):
        done = program.run(
            "run", str(plan), "--summary", str(summary), "-o", "json", GITHUB_STEP_SUMMARY=str(program.directory / "g")
        )
        assert (done.status, [each["status"] for each in done.json]) == (0, [status])
    assert program.run("backups", str(plan), "--check").status == 0
    assert program.run("run", str(plan), "--dry-run").status == 0
    (program.directory / "m.prom").read_text(encoding="utf-8")
    with closing(sqlite3.connect(program.directory / "state" / "journal.db")) as journal:
        [(place,)] = journal.execute("SELECT place FROM backups").fetchall()
    assert Path(stored_path(place)).exists()
    odd = program.directory / f"{NAME}.toml"
    odd.write_bytes(plan.read_bytes())
    assert program.run("run", str(odd)).status == 0
    (program.directory / "m.prom").read_text(encoding="utf-8")


def test_a_path_that_is_not_utf_8_is_refused_for_files_that_cannot_name_it(program: Program) -> None:
    plan = program.directory / "plan.toml"
    plan.write_text(f"{PLAN}to = ['file:x/{{date}}.facesnap']\n")
    for form in ("crontab", "systemd"):
        refused = program.run("schedule", str(plan), "--for", form)
        assert (refused.status, refused.out) == (2, "")
        assert "cannot name a path that is not valid UTF-8: " in refused.err
    for form in ("github", "azure", "kubernetes"):  # which name files of theirs
        printed = program.run("schedule", str(plan), "--for", form, "-q")
        assert printed.status == 0
        assert "plan.toml" in printed.out


def test_a_path_that_is_not_utf_8_and_leads_to_nothing_is_5(program: Program) -> None:
    for command in ("inspect", "diff", "import"):
        done = program.run(command, f"{NAME}.facesnap", FACESNAP_OBJECT_ID="x")
        assert (done.status, done.err.startswith("facesnap: there is no file")) == (5, True)


def test_what_is_printed_is_utf_8(program: Program) -> None:
    done = program.call(*EXPORT, "--to", str(program.directory / "a.facesnap"), "-o", "json")
    assert done.status == 0, done
    assert json.loads(done.out)["archive"] == str(program.directory / "a.facesnap")
    for command in (("doctor",), ("config", "path"), ("config", "list"), ("status", "--all")):
        assert program.call(*command).status == 0


def test_what_toml_cannot_hold_is_refused(program: Program) -> None:
    before = (program.directory / "config.toml").read_bytes()
    refused = program.run("config", "set", "key_file", str(program.directory / "k"), "-p", "source")
    assert refused.status == 2
    assert "not valid UTF-8" in refused.err
    assert (program.directory / "config.toml").read_bytes() == before


@pytest.mark.parametrize("key", ["to", "images", "metrics"])
def test_a_nul_in_a_plan_is_13_and_names_the_line(program: Program, key: str) -> None:
    plan = program.directory / "plan.toml"
    to, images, metrics = (r"x\u0000y" if name == key else "x" for name in ("to", "images", "metrics"))
    plan.write_text(
        f'{PLAN}to = ["file:{to}-{{date}}"]\nimages = "{images}"\n[notify]\nmetrics = "{metrics}"\n', encoding="utf-8"
    )
    refused = program.run("run", str(plan))
    assert refused.status == 13
    assert "it holds a NUL character" in refused.err
    assert {"to": ":9: ", "images": ":10: ", "metrics": ":12: "}[key] in refused.err


@pytest.mark.parametrize("path", ["/plain/path", '/with "quotes"', f"/x/{NAME}", "/new\nline"])
def test_a_stored_path_is_the_same_path(path: str) -> None:
    path_for_storage(path).encode()
    assert stored_path(path_for_storage(path)) == path


@pytest.mark.parametrize("word", ["plain", "it's", NAME, "new\nline", "back\\slash\udcff'"])
def test_a_command_line_means_its_words(word: str) -> None:
    line = command_line(["printf", "%s", word])
    line.encode()
    assert subprocess.run(["bash", "-c", line], capture_output=True).stdout == os.fsencode(word)


class TestHomeDirectories:
    @pytest.fixture
    def home(self, program: Program, monkeypatch: pytest.MonkeyPatch) -> Path:
        home = program.directory / "home"
        home.mkdir()
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.chdir(program.directory)
        return home

    def test_a_tilde_is_expanded_in_options(self, program: Program, home: Path) -> None:
        (home / "config.toml").write_bytes((program.directory / "config.toml").read_bytes())
        (home / "config.toml").chmod(0o600)
        del program.environment["FACESNAP_CONFIG"]
        program.environment["FACESNAP_STATE_DIR"] = "~/state"
        config = "--config=~/config.toml"
        assert program.run(*EXPORT, config, "--to=~/a.facesnap").status == 0
        assert program.run(*EXPORT, config, "--to=~/b.facesnap", "--base=~/a.facesnap", "--dry-run").status == 0
        assert program.run("inspect", "~/a.facesnap").status == 0
        done = program.run("import", config, "~/a.facesnap", "-p", "target", "--partial", "--id-map=~/ids.csv", "-q")
        assert done.status == 0, done
        assert {path.name for path in home.iterdir()} == {"a.facesnap", "config.toml", "ids.csv", "state"}
        assert not os.path.exists("~")

    def test_a_tilde_is_expanded_in_plans(self, program: Program, home: Path) -> None:
        (home / "photos").mkdir()
        plan = home / "plan.toml"
        plan.write_text(
            f'{PLAN}to = ["file:~/backups/{{date}}.facesnap"]\nimages = "~/photos"\n[notify]\nmetrics = "~/m.prom"\n'
        )
        done = program.run("run", "~/plan.toml", "--summary=~/s.md", "-q")
        assert "~" not in done.err
        assert {path.name for path in home.iterdir()} >= {"plan.toml", "m.prom", "s.md", "photos"}
        assert not (home / "~").exists()
        assert not os.path.exists("~")

    def test_a_user_that_there_is_not_is_said(self, program: Program, home: Path) -> None:
        for words in ((*EXPORT, "--to", "~nosuchuser/x"), ("inspect", "~nosuchuser/x"), ("run", "~nosuchuser/x")):
            refused = program.run(*words)
            assert refused.status == 2
            assert "this home directory is not known" in refused.err
