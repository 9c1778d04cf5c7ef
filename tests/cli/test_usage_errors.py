"""Complaints name the option that they are about, are never longer than a person reads, and are right."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TAKE_IT, TARGET_SUBSCRIPTION, Program

THIRD_SUBSCRIPTION = "cccccccc-0000-4000-8000-000000000003"
LONG = "x" * 5000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*TAKE_IT, "--max-age", "5x"), "--max-age: '5x' is not a duration"),
        ((*TAKE_IT, "--max-age", "9999999d"), "--max-age: '9999999d' is longer than ten years"),
        (("restore", "a", "b", "c"), "restore: b c is more than it takes"),
        (("list", "--expires-within", "5x"), "--expires-within: '5x' is not a duration"),
        (("copy", "-t", "PersonGroup", "-i", "x", "--to", "target", "--max-age", "5x"), "--max-age: '5x'"),
        (("wait", "--timeout", "\u0663s"), "--timeout: '\u0663s' is not a duration"),
        (("update", "latest", "--add-scope", f"{THIRD_SUBSCRIPTION},{THIRD_SUBSCRIPTION}"), "in --add-scope twice"),
        (("update", "latest", "--add-scope", "x"), "'x' in --add-scope is not a GUID"),
        (
            ("update", "latest", "--add-scope", THIRD_SUBSCRIPTION, "--remove-scope", THIRD_SUBSCRIPTION.upper()),
            f"{THIRD_SUBSCRIPTION} is both in --add-scope and in --remove-scope",
        ),
        ((*TAKE_IT, "-s", f"{TARGET_SUBSCRIPTION},{TARGET_SUBSCRIPTION}"), "name each subscription once"),
        (("wait", "66902"), "give its id, or 6 or more characters of its beginning"),
        (("status", "66902"), "give its id, or 6 or more characters of its beginning"),
    ],
)
def test_a_wrong_value_is_exit_2_and_named(
    program: Program, emulator: RunningEmulator, arguments: tuple[str, ...], said: str
) -> None:
    result = program.run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert said in result.err
    assert emulator.requests()["total"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "-p", LONG),
        ("list", "--query", f"[?{LONG}"),
        ("wait", "--timeout", LONG),
        ("wait", LONG),
        ("show", LONG),
        ("list", "-o", LONG),
        ("list", "-t", LONG),
        ("config", "set", LONG, "x"),
        ("config", "use", LONG),
        ("config", "init", "-p", LONG),
        (*TAKE_IT, "--max-age", LONG),
        (*TAKE_IT, "--user-data", f"@{LONG}"),
    ],
)
def test_a_long_value_is_cut(program: Program, arguments: tuple[str, ...]) -> None:
    result = program.run(*arguments)
    assert (result.status, result.out) in ((2, ""), (5, ""))
    assert len(result.err) < 700
