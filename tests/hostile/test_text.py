"""What others wrote is shown so that no terminal obeys it: in every format, at a terminal and in files."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from facesnap_cli.cli.context import App
from facesnap_cli.cli.main import main
from tests.conftest import Program
from tests.hostile.conftest import KEY, Victim
from tests.hostile.server import Received, Step, answer
from tests.support.waiting import PATIENCE_S

VictimOf = Callable[..., Victim]
TAKE = ("take", "-t", "PersonGroup", "-i", "employees")
SNAPSHOT_ID = "0e7a4105-93c4-4d11-8d2f-111111111111"
PIECES = [
    "\x1b]0;title\x07",
    "\x1b[2J",
    "\x1b[5;41m",
    "\x9b5;41m",
    "\x00",
    "\x08",
    "\x7f",
    "\x85INJECTED",
    "\r\nINJECTED",
    "\nINJECTED",
    "\x0bINJECTED",
    "\u2028INJECTED",
    "\u2029INJECTED",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200f",
    "\u00ad",
    "\ufeff",
    "\U000e0041",
    "\ud800",
]
EVIL = "a" + "".join(PIECES) + "[bold red]m[/bold red][link=http://evil.invalid]:smile: %s {0}"
FORMATS = ["table", "json", "jsonl", "tsv", "id"]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(program: Program, *arguments: str, at: type[io.StringIO]) -> tuple[int, str, str]:
    """Run a command with both streams being `at`: a terminal or a file."""
    out, err = at(), at()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([*arguments, "--max-retries", "0"], App(program.environment | {"TERM": "xterm"}, program.clock))
    return status, out.getvalue(), err.getvalue()


def is_harmless(text: str) -> None:
    """Hold a text to what a terminal may get; escape sequences of our own bars and headings are none of these."""
    for piece in PIECES:
        assert piece not in text, ascii(piece)
    assert not any(line.strip().startswith("INJECTED") for line in text.splitlines())


def snapshots(request: Received) -> list[Step]:
    one = {"id": SNAPSHOT_ID, "account": EVIL, "type": EVIL, "applyScope": [EVIL], "userData": EVIL}
    return answer(200, [one] if request.path.endswith("/snapshots") else one)


def failed(request: Received) -> list[Step]:
    if request.method == "POST":
        return answer(202, b"", Operation_Location=f"/operations/{SNAPSHOT_ID}")
    return answer(200, {"status": "failed", "message": EVIL, "resourceLocation": EVIL})


def refused(request: Received) -> list[Step]:
    body = json.dumps({"error": {"code": EVIL, "message": EVIL}}).encode()
    head = f"HTTP/1.1 400 \x1b[5;41mno\r\nX-Evil: \x1b[5;41m\x9b\xad\r\nContent-Length: {len(body)}\r\n\r\n"
    return [head.encode("latin-1") + body]


@pytest.mark.parametrize("at", [io.StringIO, Terminal], ids=["file", "terminal"])
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("command", [("list",), ("show", SNAPSHOT_ID), ("list", "--query", "[].userData")])
def test_snapshots_of_others(victim_of: VictimOf, command: tuple[str, ...], format: str, at: type[io.StringIO]) -> None:
    status, out, err = run(victim_of(snapshots).program, *command, "-o", format, at=at)
    assert (status, err) == (0, "")
    is_harmless(out)


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_json_gives_back_the_text_as_it_was(victim_of: VictimOf, format: str) -> None:
    _, out, _ = run(victim_of(snapshots).program, "show", SNAPSHOT_ID, "-o", format, at=io.StringIO)
    assert json.loads(out)["userData"] == EVIL.replace("\ud800", "\ufffd")


@pytest.mark.parametrize("format", ["table", "tsv", "id"])
def test_a_text_stays_on_its_line(victim_of: VictimOf, format: str) -> None:
    _, out, _ = run(victim_of(snapshots).program, "list", "-o", format, "--query", "[].userData", at=io.StringIO)
    assert len(out.splitlines()) == 1
    assert "[bold red]m[/bold red]" in out


@pytest.mark.parametrize("at", [io.StringIO, Terminal], ids=["file", "terminal"])
@pytest.mark.parametrize("format", FORMATS)
def test_the_message_of_a_failed_operation(victim_of: VictimOf, format: str, at: type[io.StringIO]) -> None:
    program = victim_of(failed).program
    status, out, err = run(program, *TAKE, "-o", format, at=at)
    assert status == 3
    is_harmless(out + err)
    status, out, err = run(program, "status", "--all", "-o", format, at=at)
    assert (status, err) == (0, "")
    is_harmless(out)


@pytest.mark.parametrize("at", [io.StringIO, Terminal], ids=["file", "terminal"])
@pytest.mark.parametrize("flags", [(), ("--debug",), ("-v",), ("-o", "json"), ("--debug", "-o", "json")], ids=" ".join)
def test_an_error_of_the_service(victim_of: VictimOf, flags: tuple[str, ...], at: type[io.StringIO]) -> None:
    status, out, err = run(victim_of(refused).program, "list", *flags, at=at)
    assert (status, out) == (2, "")
    is_harmless(err)


def test_raw_is_harmless_at_a_terminal(victim_of: VictimOf) -> None:
    _, out, _ = run(victim_of(refused).program, "list", "--raw", at=Terminal)
    assert "HTTP/1.1 400" in out
    is_harmless(out)


def test_raw_is_the_body_itself_in_a_file(victim_of: VictimOf) -> None:
    text = "\u202e[bold]"
    victim = victim_of(lambda request: answer(200, json.dumps([text], ensure_ascii=False).encode()))
    _, out, _ = run(victim.program, "list", "--raw", at=io.StringIO)
    assert text in out.partition("\n\n")[2]


@pytest.mark.parametrize("place", ["profile", "config", "header", "query", "reference", "object", "scope", "type"])
def test_what_the_command_line_holds_is_repeated_harmless(
    victim_of: VictimOf, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10000")  # a terminal that breaks no line
    program = victim_of(snapshots).program
    evil = EVIL.replace("\ud800", "")
    arguments = {
        "profile": ("list", "--profile", evil),
        "config": ("list", "--config", f"/tmp/{evil}".replace("\x00", "")),
        "header": ("list", "--header", evil),
        "query": ("list", "--query", evil),
        "reference": ("show", evil),
        "object": ("take", "-t", "PersonGroup", "-i", evil),
        "scope": (*TAKE, "-s", evil),
        "type": ("list", "-t", evil),
    }[place]
    status, out, err = run(program, *arguments, at=Terminal)
    assert status in (2, 13)
    assert out == ""
    is_harmless(err)
    assert len(err.splitlines()) <= 4


def test_profiles_with_odd_names_are_shown_harmless(tmp_path: Path) -> None:
    program = Program(tmp_path)
    escaped = "".join(f"\\U{ord(one):08x}" for one in EVIL.replace("\ud800", ""))
    program.write_config(f'[profiles."{escaped}"]\nendpoint = "https://h.example"\nkey_env = "X"\nnonsense = 1\n')
    for command in (("config", "list"), ("list",), ("list", "-p", "other"), ("config", "show"), ("doctor",)):
        _, out, err = run(program, *command, at=Terminal)
        is_harmless(out + err)


def test_names_of_objects_are_offered_harmless(victim_of: VictimOf, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = victim_of(lambda request: answer(200, [{"personGroupId": "employees", "name": EVIL}]))
    asking = Terminal("\n")
    monkeypatch.setattr(sys, "stdin", asking)
    _, out, err = run(victim.program, "take", "-t", "PersonGroup", at=Terminal)
    assert "employees" in err
    is_harmless(out + err)
    assert KEY not in err


@pytest.mark.parametrize("format", FORMATS)
def test_a_text_that_the_locale_cannot_write_is_escaped(victim_of: VictimOf, format: str) -> None:
    one = {"id": SNAPSHOT_ID, "type": "PersonGroup", "applyScope": [], "userData": "Zo\u00eb \u65e5\u672c"}
    victim = victim_of(lambda request: answer(200, [one]))
    result = victim.program.call("list", "-o", format, PYTHONIOENCODING="ascii")
    assert (result.status, result.err) == (0, "")
    if format == "json":
        assert result.json[0]["userData"] == one["userData"]


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX closes the streams")
@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_stream_is_no_reason_to_fail(victim_of: VictimOf, closed: str) -> None:
    victim = victim_of(lambda request: answer(200, []))
    environment = os.environ | victim.program.environment
    command = f"exec {sys.executable} -m facesnap_cli list {closed}"
    done = subprocess.run(
        ["sh", "-c", command], env=environment, stderr=subprocess.PIPE, check=False, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(victim.server.received) == 1
