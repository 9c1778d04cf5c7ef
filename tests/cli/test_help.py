"""What `--help` says, compared with golden files (`make golden` renews them), and how misspellings are met."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from facesnap_cli.backups.plans.plan_keys import ITEM_KEYS, KEEP_KEYS, NOTIFY_KEYS, PLAN_KEYS
from facesnap_cli.cli.command_table import TABLE
from facesnap_cli.cli.other_words import OTHER_COMMANDS, OTHER_OPTIONS
from facesnap_cli.cli.topics import TOPICS
from facesnap_cli.config.definitions import SETTINGS
from tests.conftest import Program
from tests.reference import all_commands

GOLDEN = Path(__file__).parent.parent / "golden"
COMMANDS = dict(all_commands())


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("path", COMMANDS)
def test_the_help_is_as_agreed(bare_program: Program, path: str) -> None:
    result = bare_program.run(*path.split()[1:], "--help")
    assert (result.status, result.err) == (0, "")
    file = GOLDEN / f"{path.replace(' ', '-')}.txt"
    if os.environ.get("FACESNAP_RENEW_GOLDEN"):
        file.write_text(result.out)
    assert result.out == file.read_text(), "make golden"


def test_no_help_is_kept_of_a_command_that_is_no_more() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == {path.replace(" ", "-") for path in COMMANDS}


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_an_example_that_can_be_pasted(bare_program: Program, path: str) -> None:
    command = COMMANDS[path]
    has_own = not hasattr(command, "list_commands")
    assert bool(command.examples) or not has_own
    shown = bare_program.run(*path.split()[1:], "--help").out.splitlines()
    for line in command.examples:
        assert f"  {line}" in shown


def test_help_fills_the_terminal_but_stays_readable(bare_program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns, longest in (("60", 60), ("100", 100), ("300", 100)):
        monkeypatch.setenv("COLUMNS", columns)
        lines = bare_program.run("take", "--help").out.partition("Example")[0].splitlines()
        assert longest - 20 < max(map(len, lines)) <= longest


@pytest.mark.parametrize(("line", "meant"), [("help", ""), ("help take", "take"), ("help config set", "config set")])
def test_help_of_a_command_can_be_asked_for_by_the_word(bare_program: Program, line: str, meant: str) -> None:
    asked, known = bare_program.run(*line.split()), bare_program.run(*meant.split(), "--help")
    assert (asked.status, asked.out, asked.err) == (0, known.out, "")


def test_help_of_what_there_is_not_is_no_success(bare_program: Program) -> None:
    asked = bare_program.run("help", "tkae")
    assert (asked.status, asked.out) == (2, "")
    assert "take" in asked.err


@pytest.mark.parametrize("path", COMMANDS)
def test_only_a_choice_stands_in_braces(bare_program: Program, path: str) -> None:
    shown = bare_program.run(*path.split()[1:], "--help")
    assert "{" not in shown.out.splitlines()[0]
    assert "<=" not in shown.out


@pytest.mark.parametrize(
    ("line", "said"),
    [("run x.toml --jobs 65", "from 1 to 64"), ("emulator start --port -1", "from 0 to 65535")],
)
def test_a_number_out_of_its_range_is_told_the_range(bare_program: Program, line: str, said: str) -> None:
    refused = bare_program.run(*line.split())
    assert (refused.status, refused.out) == (2, "")
    assert f"must be a whole number {said}" in refused.err


@pytest.mark.parametrize("arguments", [[], ["config"], ["emulator"]])
def test_a_group_alone_shows_its_help_and_is_no_success(bare_program: Program, arguments: list[str]) -> None:
    result = bare_program.run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("Usage: facesnap")
    assert result.err.endswith("needs a command\n")
    assert result.err.splitlines()[-1].count("facesnap") == 1


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("tkae", "take"),
        ("backup", "copy, export or run?"),
        ("ls", "list or objects?"),
        ("prune", "run?"),
        ("rm", "delete?"),
        ("snapshots", "list?"),
        ("snapshto", "take or list?"),
        ("sync", "copy or run?"),
        ("dump", "export?"),
        ("jobs", "status?"),
        ("logs", "backups or status?"),
        ("rollback", "restore?"),
        ("config edit", "set?"),
        ("emulator serve", "start?"),
        ("list --profil x", "--profile?"),
        ("list --output-format json", "--output?"),
        ("list --json", "--output json?"),
        ("list --jsn", "--output json?"),
        ("take --name x", "--object-id?"),
        ("copy --destination dr", "--to?"),
        ("take --subscription x", "--apply-scope?"),
        ("config init --subscription x", "--apply-scope?"),
        ("delete --force x", "--yes?"),
        ("list --limit 3", "--query '[:10]'?"),
        ("run --threads 3", "--jobs?"),
        ("config lst", "list"),
        ("take --objct-id x", "--object-id"),
        ("list --profile emulater", "emulator"),
        ("config use emulater", "emulator"),
        ("config set rate_limt 3/s -p emulator", "rate_limit"),
        ("list --type persongrop -p emulator", "PersonGroup"),
        ("list --output jsn -p emulator", "json"),
        ("completion zhs", "zsh"),
    ],
)
def test_a_misspelling_is_met_with_what_was_probably_meant(bare_program: Program, line: str, meant: str) -> None:
    result = bare_program.run(*line.split())
    assert (result.status, result.out) == (2, "")
    assert meant in result.err.partition("did you mean")[2]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("list --key x", "no option takes a key, which others could see; it is asked for: facesnap config init"),
        ("run --keep 3", "keep is a key of a plan: keep = { last = 7 }"),
        ("list --endpoint https://x", "the profile has the endpoint: facesnap config set endpoint URL"),
        ("take --wait", "facesnap waits unless --no-wait is given"),
        ("frobnicate", "facesnap --help shows what there is"),
        ("list --nope", "facesnap list --help shows its options, facesnap help options more"),
        ("sync", "facesnap run: Back up everything that a plan file names."),
    ],
)
def test_what_no_other_word_stands_for_is_explained(bare_program: Program, line: str, hint: str) -> None:
    refused = bare_program.run(*line.split())
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.splitlines()[-1] == f"  {hint}"


def test_words_of_other_programs_lead_to_commands_and_options_that_exist() -> None:
    groups: dict[str, set[str]] = {"facesnap": set(TABLE)}
    for path in COMMANDS:
        if " " in path:
            groups.setdefault(path.split()[-2], set()).add(path.split()[-1])
    options = {name for command in COMMANDS.values() for param in command.params for name in param.opts}
    for group, words in OTHER_COMMANDS.items():
        assert {name for meant in words.values() for name in meant} <= groups[group]
        assert not set(words) & groups[group]
    named = [meant for several in OTHER_OPTIONS.values() for meant in several if isinstance(meant, str)]
    assert {meant.split()[0] for meant in named} <= options


def test_facesnap_alone_lists_the_commands_in_32_lines_of_80_columns(bare_program: Program) -> None:
    result = bare_program.run()
    lines = result.err.splitlines()
    assert (result.status, result.out) == (2, "")
    assert len(lines) <= 32
    assert max(map(len, lines)) <= 80
    assert all(any(line.startswith(f"  {name} ") for line in lines) for name in TABLE)


def test_the_common_options_are_shown_once(bare_program: Program) -> None:
    shown = bare_program.run("help", "options")
    assert (shown.status, shown.err) == (0, "")
    assert "--http-timeout" in shown.out
    assert "--http-timeout" not in bare_program.run("take", "--help").out
    assert "facesnap help options" in bare_program.run("take", "--help").out


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_explained_offline_in_80_columns(bare_program: Program, topic: str) -> None:
    shown = bare_program.run("help", topic)
    assert (shown.status, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert 15 < len(lines) < 120
    assert max(map(len, lines)) <= 80
    assert not re.search(r"`|\]\(|\*\*|<!--", shown.out)


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("settings", list(SETTINGS)),
        ("plan", [*PLAN_KEYS, *ITEM_KEYS, *KEEP_KEYS, *NOTIFY_KEYS]),
        ("exit-codes", [*map(str, range(15)), "130, 143", "141"]),
        ("durations", ["90s", "15m", "2d", "--timeout"]),
        ("images", ["Layouts", "Manifests", "persisted_face_id"]),
        ("options", ["--profile", "--http-timeout", "--log-file"]),
    ],
)
def test_a_topic_has_all_that_belongs_to_it(bare_program: Program, topic: str, words: list[str]) -> None:
    shown = bare_program.run("help", topic).out
    assert [word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?!\w)", shown)] == []


@pytest.mark.parametrize(("word", "meant"), [("exit-code", "exit-codes"), ("tkae", "take"), ("backup", "copy")])
def test_a_misspelled_topic_is_met_with_a_line_to_paste(bare_program: Program, word: str, meant: str) -> None:
    asked = bare_program.run("help", word)
    assert (asked.status, asked.out) == (2, "")
    assert "there is no command or topic" in asked.err
    assert f"facesnap help {meant}: " in asked.err


def test_the_list_of_commands_names_every_topic(bare_program: Program) -> None:
    last = bare_program.run("--help").out.splitlines()[-1]
    assert set(TOPICS) <= set(re.split(r"[ |]", last))


def explained_params() -> Iterator[tuple[str, Any]]:
    """Yield every option of every command that `--help` or `help options` shows, with the command's name."""
    for path, command in COMMANDS.items():
        params = getattr(command, "own_params", command.params)
        yield from ((path, param) for param in params if param.param_type_name == "option")


def help_of(program: Program, path: str, param: Any) -> str:
    """Return what is shown of an option, on one line."""
    words = ["help", "options"] if path == "facesnap" else [*path.split()[1:], "--help"]
    text = " ".join(program.run(*words).out.split())
    begin = text.index(f"{', '.join(sorted(param.opts, key=len))}{' ' if param.is_flag else f' {param.metavar} '}")
    return text[begin : begin + 300]


@pytest.mark.parametrize(
    ("path", "param"), [pytest.param(path, param, id=f"{path} {param.opts[0]}") for path, param in explained_params()]
)
def test_every_default_is_shown(bare_program: Program, path: str, param: Any) -> None:
    setting = SETTINGS.get(param.name)
    default = param.default or (setting and setting.default and setting.show(setting.default))
    if default:
        assert f"default: {default}" in help_of(bare_program, path, param)


def test_every_option_whose_value_comes_from_elsewhere_says_where_from() -> None:
    without_default = {"--apply-scope", "--type"}  # of commands that search, or change a snapshot
    for path, param in explained_params():
        if (
            param.name in SETTINGS
            and not param.default
            and not path.startswith(("facesnap config", "facesnap emulator"))
        ):
            assert "default: " in param.help or max(param.opts, key=len) in without_default, (path, param.opts)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_example_fits_80_columns(path: str) -> None:
    assert [line for line in COMMANDS[path].examples if len(f"  {line}") > 80] == []


@pytest.mark.parametrize(
    ("path", "option", "words"),
    [
        ("take", "--apply-scope", "subscription that may apply the snapshot"),
        ("take", "--no-tag", "mark into the user data"),
        ("list", "--apply-scope", "snapshots that this subscription may apply"),
        ("update", "--apply-scope", "alone apply the snapshot"),
        ("config init", "--apply-scope", "subscription that may apply what is taken"),
        ("apply", "--object-id", "object to make"),
        ("import", "--object-id", "object to make"),
        ("diff", "--object-id", "object to compare with"),
    ],
)
def test_an_option_is_explained_for_its_command(bare_program: Program, path: str, option: str, words: str) -> None:
    shown = " ".join(bare_program.run(*path.split(), "--help").out.split())
    assert words in shown[shown.index(option) :][:200]
