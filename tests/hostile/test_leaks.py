"""The key is in the request's header and in nothing that the program prints, stores, or starts."""

from __future__ import annotations

import json
import os
import pickle
import shlex
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from facesnap_cli.common.clock import SystemClock
from facesnap_cli.common.secret import Secret
from facesnap_cli.config.settings import load
from facesnap_cli.face_api.account import Account
from tests.conftest import SOURCE_KEYS, Program
from tests.hostile.conftest import KEY, Victim
from tests.hostile.server import Received, Script, Step, always, answer

VictimOf = Callable[..., Victim]
TAKE = ("take", "-t", "PersonGroup", "-i", "employees")


def _echo(request: Received) -> list[Step]:
    """Answer like a server that repeats what it was sent, in the body, a header and the status line."""
    body = json.dumps({"error": {"code": KEY, "message": f"no such key {KEY}"}}).encode()
    head = f"HTTP/1.1 401 {KEY}\r\nX-Echo: {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    return [head.encode() + body]


@pytest.mark.parametrize("format", ["table", "json"])
@pytest.mark.parametrize("flag", ["--debug", "--verbose", "--raw", "--quiet"])
def test_a_server_that_repeats_the_key_does_not_get_it_shown(victim_of: VictimOf, flag: str, format: str) -> None:
    result = victim_of(_echo).run("list", flag, "-o", format)
    assert result.status == 4


def test_a_status_that_repeats_the_key_does_not_get_it_journalled(victim_of: VictimOf) -> None:
    def script(request: Received) -> list[Step]:
        if request.method == "POST":
            return answer(202, b"", Operation_Location="/operations/0e7a4105-93c4-4d11-8d2f-111111111111")
        return answer(200, {"status": "failed", "message": f"the key {KEY} is odd"})

    victim = victim_of(script)
    assert victim.run(*TAKE).status == 3
    state = victim.program.directory / "state"
    written = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert b"employees" in written
    assert KEY.encode() not in written


ESCAPED = "".join(f"\\u{ord(character):04x}" for character in KEY)


def _broken_line(request: Received) -> list[Step]:
    """Answer with a line that is no header, which the parser's complaint quotes."""
    return [f"HTTP/1.1 202 Accepted\r\n{'x' * 270} {KEY} is no header\r\n\r\n".encode()]


def _in_a_headers_name(request: Received) -> list[Step]:
    return [f"HTTP/1.1 200 Fine\r\nX-{KEY.upper()}: 1\r\nContent-Length: 2\r\n\r\n[]".encode()]


def _escaped(request: Received) -> list[Step]:
    return answer(400, f'{{"error": {{"code": "Bad{ESCAPED}", "message": "the key \\"{ESCAPED}\\" is odd"}}}}'.encode())


def _in_utf_16(request: Received) -> list[Step]:
    return answer(400, json.dumps({"error": {"code": "x", "message": KEY}}).encode("utf-16"))


@pytest.mark.parametrize("command", ["list", "take -t PersonGroup -i employees --no-wait"])
@pytest.mark.parametrize("flag", ["--debug", "--verbose", "--raw", "--output=json"])
@pytest.mark.parametrize("script", [_broken_line, _in_a_headers_name, _escaped, _in_utf_16])
def test_a_key_that_comes_back_in_disguise_is_shown_nowhere(
    victim_of: VictimOf, script: Script, flag: str, command: str
) -> None:
    victim = victim_of(script)
    result = victim.run(*command.split(), flag)
    shown = (result.out + result.err + "".join(map(str, _written(victim)))).lower()
    assert KEY not in shown
    assert KEY[4:] not in shown
    assert ESCAPED not in shown


def test_a_key_that_comes_back_escaped_in_data_is_not_shown(victim_of: VictimOf) -> None:
    identity = "11111111-1111-4111-8111-111111111111"
    body = f'{{"id": "{identity}", "type": "PersonGroup", "applyScope": [], "userData": "C:\\\\u0063 {ESCAPED}"}}'
    victim = victim_of(lambda request: answer(200, body.encode()))
    for style in ("json", "table"):
        result = victim.run("show", identity, "-o", style)
        assert result.status == 0
        assert "u0063 ***" in result.out


def test_the_first_key_is_hidden_also_from_answers_to_the_second(victim_of: VictimOf) -> None:
    def script(request: Received) -> list[Step]:
        first = request.headers["ocp-apim-subscription-key"] == KEY
        return answer(401 if first else 400, {"error": {"code": "x", "message": f"was {KEY}"}})

    victim = victim_of(script)
    config = Path(victim.program.environment["FACESNAP_CONFIG"])
    config.write_text(config.read_text() + f'key2 = "{KEY[::-1]}"\n')
    assert "was ***" in victim.run("list").err


def test_long_texts_of_an_operation_are_cut(victim_of: VictimOf) -> None:
    def script(request: Received) -> list[Step]:
        if request.method == "POST":
            return answer(202, b"", Operation_Location="/operations/0e7a4105-93c4-4d11-8d2f-111111111111")
        return answer(200, {"status": "failed", "message": "A" * 1_000_000, "resourceLocation": "B" * 1_000_000})

    victim = victim_of(script)
    result = victim.run(*TAKE)
    assert result.status == 3
    assert len(result.err) + len(result.out) < 8000
    assert sum(map(len, _written(victim))) < 500_000


def _written(victim: Victim) -> list[bytes]:
    state = victim.program.directory / "state"
    return [path.read_bytes() for path in state.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "steps", [answer(200, []), answer(500, {"error": {"code": "x", "message": "y"}}), [b""], [b"nonsense\r\n\r\n"]]
)
def test_debug_shows_every_exchange_without_the_key(victim_of: VictimOf, steps: list[Step]) -> None:
    result = victim_of(always(*steps)).run(*TAKE, "--debug", "--no-wait")
    assert "> POST http://127.0.0.1:" in result.err
    assert "> Ocp-Apim-Subscription-Key: ***" in result.err
    assert "< " in result.err


def test_debugs_curl_line_reads_the_key_from_the_environment_and_works(victim_of: VictimOf, tmp_path: Path) -> None:
    victim = victim_of(lambda request: answer(200, []))
    result = victim.run("list", "--debug", "--header", "X-Note: it's $HOME `id`")
    [line] = [line.strip() for line in result.err.splitlines() if line.strip().startswith("curl ")]
    assert '"Ocp-Apim-Subscription-Key: $FACESNAP_KEY"' in line
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o700)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FACESNAP_KEY": KEY, "HOME": "/home/x"}
    words = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, check=True).stdout
    assert f"Ocp-Apim-Subscription-Key: {KEY}" in words.splitlines()
    assert "X-Note: it's $HOME `id`" in words.splitlines()
    assert shlex.split(line)[-1] == f"{victim.server.endpoint}/face/v1.0/snapshots"


def test_debug_hides_headers_whose_names_tell_of_a_secret(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(200, []))
    result = victim.run("list", "--debug", "--header", "Cookie: session=hush", "--header", "X-Trace: shown")
    assert result.status == 0
    assert "Cookie: ***" in result.err
    assert "hush" not in result.err
    assert "X-Trace: shown" in result.err
    assert victim.server.received[0].headers["cookie"] == "session=hush"


def test_a_bugs_traceback_under_debug_holds_no_key(victim_of: VictimOf, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = victim_of(lambda request: answer(200, []))

    def broken(*arguments: object, **named: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("facesnap_cli.models.snapshots.Snapshot.from_wire", broken)
    victim.server.script = lambda request: answer(200, [1])
    try:
        victim.program.run("list", "--debug")
    except RuntimeError as bug:
        text = "".join(traceback.TracebackException.from_exception(bug, capture_locals=True).format())
    assert "RuntimeError: broken" in text
    assert KEY not in text


def test_nothing_that_holds_the_key_shows_it_in_its_repr(program: Program) -> None:
    settings = load(profile=None, config=None, options={}, environment={**program.environment, "FACESNAP_KEY": KEY})
    account = Account(settings, SystemClock(), lambda exchange: None)
    shown = [settings, settings.file, settings.key, account, account.credential, account.client]
    assert settings.key
    assert settings.key.reveal() == KEY
    for one in shown:
        assert KEY not in f"{one!r} {one}"
        assert SOURCE_KEYS[0] not in f"{one!r} {one}"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>9}".format, lambda secret: f"{[secret]}"])
def test_a_secret_shows_nothing_of_itself(show: Callable[[Secret], str]) -> None:
    assert "***" in show(Secret(KEY))
    assert KEY not in show(Secret(KEY))


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY))


@pytest.mark.parametrize("format", ["table", "json", "tsv", "jsonl"])
def test_config_show_and_list_do_not_show_keys(program: Program, format: str) -> None:
    for command in ("show", "list"):
        result = program.run("config", command, "-o", format, FACESNAP_KEY=KEY)
        assert result.status == 0
        assert KEY not in result.out + result.err
        assert SOURCE_KEYS[0] not in result.out + result.err


def test_config_set_takes_no_key_as_an_argument(program: Program) -> None:
    result = program.run("config", "set", "key", KEY)
    assert (result.status, result.out) == (2, "")
    assert "never an argument" in result.err
    assert KEY not in result.err


def test_a_key_pasted_as_endpoint_is_not_repeated(bare_program: Program) -> None:
    result = bare_program.run("list", FACESNAP_ENDPOINT=KEY, FACESNAP_KEY=KEY)
    assert (result.status, result.out) == (2, "")
    assert "looks like a key" in result.err
    assert KEY not in result.err


@pytest.mark.parametrize(
    "text",
    [
        "Ocp-Apim-Subscription-Key: other",
        "OCP-APIM-SUBSCRIPTION-KEY: other",
        "authorization: Bearer x",
        "Host: evil.invalid",
        "Content-Length: 0",
        "transfer-encoding: chunked",
        "Connection: close",
        "X: a\r\nOcp-Apim-Subscription-Key: other",
        "X: a\nb",
        "X: a\x00b",
        "X : a",
        "no colon",
        ": empty",
        "X\u2028: a",
        "X: \u20ac",
    ],
)
def test_a_header_can_neither_smuggle_nor_replace(victim_of: VictimOf, text: str) -> None:
    victim = victim_of(lambda request: answer(200, []))
    result = victim.run("list", "--header", text)
    assert (result.status, result.out) == (2, "")
    assert victim.server.received == []


def test_a_header_of_the_users_replaces_one_of_ours(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(200, []))
    assert victim.run("list", "--header", "user-agent: mine/1").status == 0
    assert victim.server.received[0].raw.lower().count(b"user-agent:") == 1
    assert victim.server.received[0].headers["user-agent"] == "mine/1"


def test_a_header_may_hold_what_latin_1_can(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(200, []))
    assert victim.run("list", "--header", "X-Note: caf\u00e9").status == 0
    assert b"X-Note: caf\xe9" in victim.server.received[0].raw
