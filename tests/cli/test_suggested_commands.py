"""Commands that messages suggest can be pasted: they parse, and find the account and the files of the run before."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer.exceptions import Exit

import facesnap_cli
from facesnap_cli.cli import suggestions
from facesnap_cli.cli.command_table import TABLE, Facesnap
from facesnap_cli.cli.context import App
from facesnap_cli.common.hints import command, complete_command
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import Program

GIVEN = {"--profile": "dr", "--config": "/etc/my config.toml", "--ca-bundle": "/etc/ca.pem"}
NOTHING: tuple[str, ...] = ()
FILE = ("--config",)
PROFILE = ("--profile", "--config")
ALL = tuple(GIVEN)
OPERATION = "332fe853-9a5b-4f6e-a5a6-1d0b5b0f3a11"
TAKE_IT = ("take", "-t", "PersonGroup", "-i", "employees")
# A command in a text. That `facesnap export` writes archives may be said: nobody pastes that.
IN_A_TEXT = re.compile(rf"\bfacesnap (?:{'|'.join(sorted(set(TABLE) - {'export', 'import'}))})\b")


def parse(words: Sequence[str]) -> None:
    """Read a command line as the program does, without running it. Raises what a wrong one raises."""
    group: Any = Facesnap()
    with suppress(Exit):  # of --help
        context = group.make_context(words[0], list(words[1:]), obj=App({}))
        while hasattr(group, "resolve_command"):
            name, group, rest = group.resolve_command(context, [*context._protected_args, *context.args])
            context = group.make_context(name, rest, parent=context)


@pytest.fixture
def suggested(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The commands that are completed while the test runs."""
    seen: list[Sequence[str]] = []
    complete = suggestions.completed

    def spy(*arguments: Any) -> Sequence[str]:
        seen.append(complete(*arguments))
        return seen[-1]

    monkeypatch.setattr(suggestions, "completed", spy)
    return seen


NEEDED = [
    (TAKE_IT, ALL),
    (("apply", "latest"), ALL),
    (("list",), ALL),
    (("show", "latest"), ALL),
    (("update", "latest"), ALL),
    (("delete", "latest"), ALL),
    (("status", "--all"), ALL),
    (("wait", OPERATION, "--timeout", "1h"), ALL),
    (("copy", "--to", "dr"), ALL),
    (("run", "nightly.toml"), ALL),
    (("backups", "nightly.toml"), ALL),
    (("restore", "employees"), ALL),
    (("export", "--to", "x.facesnap"), ALL),
    (("import", "x.facesnap"), ALL),
    (("diff", "x.facesnap"), ALL),
    (("objects", "--brief"), ALL),
    (("doctor", "--as-cron"), ALL),
    (("schedule", "nightly.toml"), PROFILE),
    (("config", "init"), PROFILE),
    (("config", "show"), PROFILE),
    (("config", "set", "type", "FaceList"), PROFILE),
    (("config", "unset", "type"), PROFILE),
    (("config", "list"), FILE),
    (("config", "use", "NAME"), FILE),
    (("config", "delete", "NAME"), FILE),
    (("config", "path"), FILE),
    (("inspect", "x.facesnap", "--check"), NOTHING),
    (("completion", "bash"), NOTHING),
    (("emulator", "start"), NOTHING),
]


def test_every_command_is_tried() -> None:
    assert {words[0] for words, _ in NEEDED} == set(TABLE)


@pytest.mark.parametrize(("words", "needed"), NEEDED)
def test_a_command_gets_the_options_that_it_needs_and_takes(words: tuple[str, ...], needed: tuple[str, ...]) -> None:
    line = suggestions.completed(command(*words), GIVEN)
    assert list(line) == ["facesnap", *words, *(word for name in needed for word in (name, GIVEN[name]))]
    parse(line)


def test_an_option_that_a_command_has_already_is_left_alone() -> None:
    line = suggestions.completed(command("show", "latest", "--profile", "prod"), GIVEN)
    assert line[3:6] == ["--profile", "prod", "--config"]
    assert "dr" not in line


def test_a_command_that_is_kept_for_later_is_left_alone() -> None:
    kept = complete_command("export", "--to", "x.facesnap")
    assert suggestions.completed(kept, GIVEN) == kept


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def test_no_hint_or_message_has_a_command_in_its_text() -> None:
    package = Path(facesnap_cli.__file__).parent
    found = []
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            spoken = [*node.args, *(one.value for one in node.keywords if one.arg in ("hint", "also"))]
            if called.endswith(("Error", "Hint", "warn", "note", "tell", "info")):
                texts = [text for part in spoken for text in _texts(part)]
                found += [f"{path.name}: {text}" for text in texts if IN_A_TEXT.search(text)]
    assert found == []


def elsewhere(program: Program) -> tuple[str, ...]:
    """Move the configuration to a file that only options name, with another default profile; return the options."""
    config, other = program.directory / "config.toml", program.directory / "my config.toml"
    config.rename(other)
    other.write_text(other.read_text().replace('default_profile = "source"', 'default_profile = "target"'))
    config.touch(0o600)
    return ("--config", os.path.relpath(other), "--profile", "source")


def test_failures_suggest_only_what_can_be_pasted(
    program: Program, emulator: RunningEmulator, suggested: list[Sequence[str]]
) -> None:
    given = elsewhere(program)
    archive = program.directory / "x.facesnap"
    plan = program.directory / "plan.toml"
    plan.write_text(
        '[[backup]]\nname = "employees"\ntype = "PersonGroup"\nobject_id = "employees"\nfrom = "source"\n'
        'to = ["target:copy-{date}"]\n'
    )
    forbidden = {"route": "GET /snapshots", "status": 403}
    refused = {"route": "GET /snapshots", "status": 401}
    retired = {"route": "* /*", "status": 404, "code": "UnsupportedFeature"}
    lost: dict[str, object] = {"route": "POST /snapshots", "drop": "before"}
    lines: list[tuple[dict[str, object] | None, tuple[str, ...]]] = [
        (None, ("show", "abcdef0")),
        (None, ("show", OPERATION)),
        (None, ("wait", OPERATION)),
        (None, ("wait", "abcdef0")),
        (None, ("status", "--forget")),
        (None, ("status", "!")),
        (None, ("config", "set", "default_profile")),
        (None, ("config", "set", "no_such", "x")),
        (None, ("take",)),
        (None, ("copy",)),
        (None, ("export", "--to", str(archive))),
        (None, ("no-such-command",)),
        (None, ("backups", str(plan), "--check")),
        (None, ("list", "--profile", "nowhere")),
        (None, ("list", "--config", "/no/such/file")),
        (forbidden, ("list",)),
        (refused, ("list",)),
        (retired, ("list",)),
        (None, (*TAKE_IT, "--timeout", "1")),
        (None, (*TAKE_IT,)),
        (None, ("wait", "--timeout", "1")),
        (lost, ("take", "-t", "FaceList", "-i", "watchlist")),
        (None, ("take", "-t", "FaceList", "-i", "watchlist")),
        (None, ("doctor",)),
    ]
    for fault, line in lines:
        emulator.faults(*([fault] if fault else []))
        program.run(*line, *(given if "--config" not in line else ()))
    assert len({words[1] for words in suggested}) > 6
    for words in suggested:
        parse(words)
        if words[1] in ("wait", "status", "list", "show"):
            assert {"--config", "--profile"} <= set(words), words
        if "--config" in words:
            assert Path(words[list(words).index("--config") + 1]).is_absolute()


def test_the_command_to_go_on_with_works_from_anywhere(
    program: Program, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = program.run(*TAKE_IT, "--timeout", "1", "-q", "-o", "json", *elsewhere(program))
    error = json.loads(cut.err)["error"]
    words = shlex.split(error["resume"])
    assert words[:3] == ["facesnap", "wait", error["operationId"]]
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    done = program.run(*words[1:], "-q")
    assert (done.status, done.err) == (0, "")
