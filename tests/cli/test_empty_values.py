"""What a script passes on whose variable is not set is refused: to ignore it would do something else than was meant."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TAKE_IT, TARGET_SUBSCRIPTION, Program


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("delete", "latest", "-p", "", "-n"), "--profile"),
        (("-p", "", "delete", "latest", "-y"), "--profile"),
        (("delete", "latest", "--type", "", "-y"), "--type"),
        (("delete", "latest", "--type=", "-y"), "--type"),
        (("list", "--type", " \t"), "--type"),
        (("list", "--apply-scope", ""), "--apply-scope"),
        (("list", "-s", TARGET_SUBSCRIPTION, "-s", ""), "--apply-scope"),
        (("list", "--expires-within", ""), "--expires-within"),
        (("list", "--config", ""), "--config"),
        (("list", "--query", ""), "--query"),
        (("list", "--output", ""), "--output"),
        (("list", "--header", ""), "--header"),
        ((*TAKE_IT, "--max-age", ""), "--max-age"),
        ((*TAKE_IT, "--timeout", ""), "--timeout"),
        (("copy", "--from", "", "--to", "target"), "--from"),
        (("export", "--to", "x.facesnap", "--base", ""), "--base"),
        (("export", "--to", "x.facesnap", "--images", ""), "--images"),
        (("export", "--to", ""), "--to"),
        (("run", "plan.toml", "--summary", ""), "--summary"),
        (("config", "init", "--endpoint", "https://h.example", "--key-env", ""), "--key-env"),
        (("config", "set", "type", ""), "VALUE"),
        (("emulator", "start", "--data", ""), "--data"),
        (("show", ""), "SNAPSHOT"),
        (("delete", "latest", "", "-y"), "SNAPSHOT"),
        (("wait", ""), "OPERATION"),
        (("status", " "), "OPERATION"),
        (("run", ""), "PLAN"),
        (("inspect", ""), "ARCHIVE"),
    ],
)
def test_an_empty_value_is_exit_2_and_does_nothing(
    program: Program, emulator: RunningEmulator, arguments: tuple[str, ...], named: str
) -> None:
    before = (program.directory / "config.toml").read_text()
    result = program.run(*arguments, stdin="0123456789abcdef0123456789abcdef\n")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"facesnap: {named} is given an empty value\n")
    assert emulator.requests()["total"] == 0
    assert (program.directory / "config.toml").read_text() == before


def test_empty_user_data_is_a_value(program: Program) -> None:
    taken = program.run(*TAKE_IT, "--user-data", "", "-o", "id", "-q")
    assert (taken.status, taken.err) == (0, "")
    assert program.run("show", taken.out.strip(), "-o", "json").json["userData"] in (None, "")


def test_a_scope_with_nothing_between_two_commas_is_refused(program: Program, emulator: RunningEmulator) -> None:
    for scope in (",", f"{TARGET_SUBSCRIPTION},"):
        result = program.run(*TAKE_IT, "-s", scope)
        assert (result.status, result.out) == (2, "")
        assert "an entry of the apply scope is empty" in result.err
    assert emulator.requests()["total"] == 0


def test_a_lost_take_with_empty_user_data_promises_no_look(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "POST /snapshots", "drop": "after", "count": 1})
    lost = program.run(*TAKE_IT, "--user-data", "")
    assert (lost.status, lost.out) == (10, "")
    assert "empty user data): look for it with facesnap list" in lost.err
    assert "facesnap wait" not in lost.err
    emulator.advance(10)
    waited = program.run("wait", "-q", "-o", "none")
    assert (waited.status, waited.out) == (10, "")
    assert "empty user data): look for it with facesnap list" in waited.err
    again = program.run(*TAKE_IT, "--user-data", "", "--force", "-o", "id", "-q")
    assert again.status == 0


class TestServiceOptionsOfLocalCommands:
    @pytest.mark.parametrize(
        ("option", "command"),
        [
            (("--raw",), ("config", "list")),
            (("--raw",), ("config", "path")),
            (("--header", "bad"), ("config", "show")),
            (("--http-timeout", "x"), ("completion", "bash")),
            (("--proxy", "http://p.example:1"), ("inspect", "x.facesnap")),
        ],
    )
    def test_before_the_name_they_are_refused_too(
        self, program: Program, option: tuple[str, ...], command: tuple[str, ...]
    ) -> None:
        result = program.run(*option, *command)
        assert (result.status, result.out) == (2, "")
        assert f"{option[0]} does not go with facesnap {command[0]}" in result.err
