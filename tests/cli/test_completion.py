"""TAB: what is offered where, in the program and in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from facesnap_cli.cli.completion import command_words
from facesnap_cli.cli.completion.candidates import Offer, kinds_of, offer, words_of
from facesnap_cli.cli.completion.scripts import SCRIPTS
from facesnap_cli.cli.completion.value_candidates import values
from facesnap_cli.journal.recently_seen import KEPT, Listing, RecentObjects, RecentSnapshots
from facesnap_cli.models.identity import Resource
from tests.completions import FILE_NAMES, table_text
from tests.conftest import Program
from tests.support.families import first_quick
from tests.support.terminal import terminal
from tests.support.waiting import PATIENCE_S

COMPLETIONS = Path(__file__).parents[2] / "completions"
FREE_TEXT = {"ADDRESS", "'K: V'", "COMMAND", "DURATION", "GUID", "JMESPATH", "N", "NAME", "PERSON", "PORT", "S", "SPEC"}
FREE_TEXT |= {"TEXT", "TIME", "URL", "HH:MM"}
PATHS = {"FILE", "DIR", "PLAN", "ARCHIVE"}


def offered(line: str, **environment: str) -> Offer:
    return offer(command_words.read(), words_of(f"facesnap {line}"), values(environment))


def all_commands(command: command_words.Command | None = None) -> Iterator[command_words.Command]:
    command = command or command_words.read()
    yield command
    for sub in command.commands:
        yield from all_commands(sub)


def words(line: str, **environment: str) -> list[str]:
    return [word.text for word in offered(line, **environment).words]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sho", ["show"]),
        ("--profile prod sho", ["show"]),
        ("config s", ["show", "set"]),
        ("emulator ", ["start"]),
        ("help ex", ["export", "exit-codes"]),
        ("take --typ", ["--type"]),
        ("take --type ", ["FaceList", "LargeFaceList", "LargePersonGroup", "PersonGroup"]),
        ("take -t pers", ["PersonGroup"]),
        ("take --type=Lar", ["--type=LargeFaceList", "--type=LargePersonGroup"]),
        ("list -o j", ["json", "jsonl"]),
        ("list -qo j", ["json", "jsonl"]),
        ("apply latest --verify ", ["none", "quick", "full"]),
        ("apply latest --mode ", ["CreateNew"]),
        ("emulator start --dialect 2019", ["2019-01", "2019-06"]),
        ("emulator start --service ", ["available", "retired", "gated", "gated-flat"]),
        ("emulator start --tier ", ["F0", "S0"]),
        ("config set api_v", ["api_version"]),
        ("config set api_version ", ["v1.0", "v1.0-preview", "v1.2"]),
        ("completion z", ["zsh"]),
        ("show -- --", []),
        ("nonsense --", []),
        ("take --type nonsense --no-w", ["--no-wait"]),
        ("show 'half", []),
    ],
)
def test_what_can_stand_there_is_offered(line: str, expected: list[str]) -> None:
    assert words(line) == expected


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("--config ", "files"),
        ("list --ca-bundle x", "files"),
        ("emulator start --data ", "folders"),
        ("run ", "files .toml"),
        ("schedule ", "files .toml"),
        ("import ", "files .facesnap"),
        ("inspect ", "files .facesnap"),
        ("diff a.facesnap ", "files .facesnap"),
        ("export --base ", "files .facesnap"),
        ("export --images ", "files .csv"),
        ("import x --id-map=", "files .csv .json"),
        ("restore ", "files .facesnap"),
    ],
)
def test_paths_are_left_to_the_shell_with_the_suffixes_that_make_sense(line: str, first: str) -> None:
    assert offered(line).lines() == [first]


def test_words_may_be_offered_among_files() -> None:
    assert offered("emulator start --seed=d").lines() == ["files .json", "--seed=demo"]


def test_an_option_is_offered_once_unless_it_can_be_repeated() -> None:
    left = words("take --type PersonGroup --apply-scope x --")
    assert "--type" not in left
    assert "--apply-scope" in left


def test_every_metavar_is_completed_or_known_to_be_free_text() -> None:
    known = FREE_TEXT | PATHS | set(values({}))
    for command in all_commands():
        for metavar in [*(option.metavar for option in command.options), *command.arguments]:
            for kind in kinds_of(metavar):
                literal = "|" in metavar or not kind.isupper()
                assert literal or kind.partition(".")[0] in known, f"{command.name}: {metavar}"


def test_the_table_is_that_of_the_program() -> None:
    assert command_words.PATH.read_text(encoding="utf-8") == table_text(), "make completions"


def test_profiles_come_from_the_configuration_file(program: Program) -> None:
    assert words("take -p ", **program.environment) == ["source", "target", "emulator", "emulator-target"]
    assert words("config use t", **program.environment) == ["target"]


def test_open_operations_come_from_the_journal(program: Program) -> None:
    operation_id = program.run("take", "-t", "PersonGroup", "-i", "employees", "--no-wait", "-o", "id").out.strip()
    assert words("wait ", **program.environment) == [operation_id]
    assert words(f"wait {operation_id} ", **program.environment) == []
    program.run("wait", "-q")
    assert words("wait ", **program.environment) == []
    assert words("status ", **program.environment) == [operation_id]


def test_completion_does_not_make_a_journal(bare_program: Program) -> None:
    assert words("wait ", **bare_program.environment) == []
    assert words("show ", **bare_program.environment) == ["latest"]
    assert not (bare_program.directory / "state").exists()


def test_snapshots_come_from_what_the_profile_has_seen(program: Program) -> None:
    snapshot_id = program.run("take", "-t", "PersonGroup", "-i", "employees", "-o", "id", "-q").out.strip()
    assert words("show ", **program.environment) == ["latest", snapshot_id]
    assert words("show -p target ", **program.environment) == ["latest"]
    program.run("list", "-p", "target")
    assert words("show -p target ", **program.environment) == ["latest", snapshot_id]
    program.run("delete", snapshot_id, "-p", "source", "--yes")
    program.run("list", "-p", "target")
    assert words("apply -p target ", **program.environment) == ["latest"]


def test_objects_come_from_the_last_listing_and_from_operations(program: Program) -> None:
    assert words("take -i ", **program.environment) == []
    program.run("take", "-t", "FaceList", "-i", "watchlist", "--no-wait", "-q")
    assert words("take -i ", **program.environment) == ["watchlist"]
    program.run("objects", "--brief")
    assert words("export -i ", **program.environment) == ["watchlist", "archive", "visitors", "employees"]
    assert words("export -t persongroup -i ", **program.environment) == ["employees"]
    assert words("copy --from target -i ", **program.environment) == []
    assert offered("take -i emp", **program.environment).words[0].help.startswith("PersonGroup Employees")
    program.run("objects", "-t", "FaceList")
    assert words("export -i ", **program.environment) == ["watchlist", "archive", "visitors", "employees"]


def test_what_the_service_calls_an_object_is_offered_only_if_it_is_an_id(program: Program) -> None:
    found = [("PersonGroup", "$(touch pwn)", None), ("PersonGroup", "staff", "\x1b[31mred")]
    seen = RecentObjects(program.directory / "state", Resource("", "source"))
    seen.replace(["PersonGroup"], found, datetime.now(UTC))
    assert offered("take -i ", **program.environment).lines() == ["words", "staff\tPersonGroup \\x1b[31mred"]


def test_plans_items_and_copies_come_from_the_journal(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = program.directory / "nightly.toml"
    plan.write_text(
        '[[backup]]\nname = "staff"\ntype = "PersonGroup"\nobject_id = "employees"\nto = ["target:{name}-{date}"]\n'
    )
    assert program.run("run", str(plan), "-q").status == 0
    day = f"{program.clock.now():%Y-%m-%d}"
    assert offered("run ", **program.environment).lines() == ["files .toml", f"{plan}\tlast run {day}"]
    assert offered("restore ", **program.environment).lines() == [
        "files .facesnap",
        f"staff\tPersonGroup employees, last backup {day}",
        f"target:staff-{day}\tPersonGroup employees, of {day}",
    ]
    assert words(f"restore --plan {plan} s", **program.environment) == ["staff"]
    assert words("restore --plan other.toml s", **program.environment) == []
    monkeypatch.chdir(program.directory)
    assert words("run ", **program.environment) == []


def test_what_was_seen_is_private_and_forgotten_after_an_hour(program: Program) -> None:
    program.run("take", "-t", "PersonGroup", "-i", "employees")
    program.run("list")
    [file] = (program.directory / "state" / "seen").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    seen = RecentSnapshots(program.directory / "state", Resource("", "source"))
    now = datetime.now(UTC)
    assert [one.object_id for one in seen.read(now + timedelta(minutes=1)).snapshots] == ["employees"]
    assert seen.read(now + KEPT + timedelta(minutes=1)) == Listing()


@pytest.mark.parametrize("damaged", ["", "[]", "{}", '{"savedTime": "2026-01-01T00:00:00Z", "snapshots": [1]}', "\0"])
def test_a_damaged_file_of_what_was_seen_offers_nothing(bare_program: Program, damaged: str) -> None:
    file = bare_program.directory / "state" / "seen" / "emulator.json"
    file.parent.mkdir(parents=True)
    file.write_text(damaged)
    assert words("show -p emulator ", **bare_program.environment) == ["latest"]


def test_a_wrong_configuration_file_offers_nothing_and_says_nothing(bare_program: Program) -> None:
    bare_program.write_config("profiles = 3")
    result = bare_program.call("__complete", "--line", "facesnap take -p ")
    assert (result.status, result.out, result.err) == (0, "words\n", "")


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_shipped_script_is_the_one_that_the_program_prints(bare_program: Program, shell: str) -> None:
    result = bare_program.run("completion", shell)
    assert (result.status, result.err) == (0, "")
    assert result.out == (COMPLETIONS / FILE_NAMES[shell]).read_text(), "make completions"


def test_an_unknown_shell_is_a_usage_error(bare_program: Program) -> None:
    result = bare_program.run("completion", "bsh")
    assert (result.status, result.out) == (2, "")
    assert "did you mean bash?" in result.err


def in_shell(shell: str) -> str:
    found = shutil.which(shell)
    if not found:
        pytest.skip(f"{shell} is not installed here")
    return found


def shell_environment(program: Program) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = str(program.directory)
    return {**program.environment, "PATH": path, "HOME": home, "TERM": "dumb", "PS1": "ready> ", "LC_ALL": "C.UTF-8"}


SHELLS = {
    "bash": (["--noprofile", "--norc", "-i"], f"source {COMPLETIONS}/facesnap.bash"),
    "zsh": (["-f", "-i"], f"autoload -U compinit; compinit -u -D; PS1='ready> '; source {COMPLETIONS}/_facesnap"),
}
TYPED = [
    ("facesnap tak\t-t pers\t", "facesnap take -t PersonGroup"),
    ("facesnap take --typ\tLargeP\t", "facesnap take --type LargePersonGroup"),
    ("facesnap list --output=ts\t", "facesnap list --output=tsv"),
    ("facesnap apply latest --verify fu\t-p tar\t", "facesnap apply latest --verify full -p target"),
    ("facesnap --config conf\t", "facesnap --config config.toml"),
    ("facesnap config set api_v\t", "facesnap config set api_version"),
    ("facesnap run pl\t", "facesnap run plan.toml"),
    ("facesnap inspect al\t", "facesnap inspect also.txt"),
]


def make_files(program: Program) -> None:
    for name in ("plan.toml", "plan.facesnap", "plan.txt", "also.txt"):
        (program.directory / name).touch()


@pytest.mark.parametrize(("typed", "completed"), first_quick(TYPED))
@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes_at_the_shells_prompt(program: Program, shell: str, typed: str, completed: str) -> None:
    arguments, loading = SHELLS[shell]
    make_files(program)
    with terminal([in_shell(shell), *arguments], shell_environment(program), columns=200) as screen:
        screen.send(f"cd {program.directory}; {loading}; echo load''ed\n")
        screen.read_until("loaded")
        # Ctrl-A and an echo in front show the line as the shell has it then.
        screen.send(f"{typed}\x01echo 'is: <' \x05 '>'\n")
        assert screen.read_until(f"is: < {completed} >")


def test_tab_offers_no_profile_whose_name_a_shell_could_obey(program: Program) -> None:
    config = program.directory / "config.toml"
    profile = '\nendpoint = "https://h.example"\nkey_env = "X"\n'
    names = ("$(touch pwn)", "*", "a b", "-x", "fine")
    config.write_text("".join(f'[profiles."{name}"]{profile}' for name in names))
    done = program.call("__complete", "--line", "facesnap list -p ")
    assert done.out.splitlines() == ["words", "fine", "emulator", "emulator-target"]


def bash_offers(directory: Path, said: str, setting: str = "COMP_TYPE=9") -> list[str]:
    """Return what the script offers bash if the program says this."""
    fake = directory / "facesnap"
    fake.write_text(f"#!/bin/sh\nprintf '{said}'\n")
    fake.chmod(0o700)
    script = f"source {COMPLETIONS}/facesnap.bash; COMP_LINE='facesnap '; COMP_POINT=9; {setting}; _facesnap {fake}"
    script += '; printf "%s\\n" "${COMPREPLY[@]}"'
    command = [in_shell("bash"), "--noprofile", "--norc", "-c", script]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_bash_quotes_what_it_is_given_and_looks_for_no_files(tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    assert bash_offers(tmp_path, "words\\n*\\tall\\n$(touch pwn)\\n") == [r"\*", r"\$\(touch\ pwn\)"]
    assert not (tmp_path / "pwn").exists()


def test_bash_describes_words_in_lists_alone(tmp_path: Path) -> None:
    said = "words\\n332fe853\\ttake employees, running\\nd94ce77e\\n"
    assert bash_offers(tmp_path, said) == ["332fe853", "d94ce77e"]
    assert bash_offers(tmp_path, said, "COMP_TYPE=63") == ["332fe853  (take employees, running)", "d94ce77e"]
    assert bash_offers(tmp_path, said, "COMP_TYPE=63 COLUMNS=20") == ["332fe853  (take ...", "d94ce77e"]
    assert bash_offers(tmp_path, said, "COMP_TYPE=37") == ["332fe853", "d94ce77e"]
    alone = "words\\n332fe853\\ttake employees, running\\n"
    assert bash_offers(tmp_path, alone, "COMP_TYPE=63") == ["332fe853"]


def test_bash_offers_words_files_of_the_suffixes_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    for name in ("a.toml", "b.toml", "c.txt"):
        (tmp_path / name).touch()
    offers = bash_offers(tmp_path, "files .toml\\nstaff\\n")
    assert offers[0] == "staff"
    assert sorted(offers[1:]) == ["a.toml", r"a\ folder/", "b.toml"]


def test_bash_shows_descriptions_at_its_prompt(program: Program) -> None:
    arguments, loading = SHELLS["bash"]
    with terminal([in_shell("bash"), *arguments], shell_environment(program)) as screen:
        screen.send(f"cd {program.directory}; {loading}; echo load''ed\n")
        screen.read_until("loaded")
        screen.send("facesnap config set key_\t\t")
        assert screen.read_until("key_env  (the variable that holds the key)")


@pytest.mark.parametrize(("typed", "completed"), first_quick(TYPED))
def test_tab_completes_in_fish(program: Program, typed: str, completed: str) -> None:
    line = typed.split("\t")[-2]
    before = completed[: completed.rindex(" ") + 1]
    asked = before + line.split()[-1]
    make_files(program)
    script = f"cd {program.directory}; source {COMPLETIONS}/facesnap.fish; complete -C '{asked}'"
    done = subprocess.run(
        [in_shell("fish"), "--no-config", "-c", script],
        env=shell_environment(program),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [answer.partition("\t")[0] for answer in done.stdout.splitlines()] == [completed.split()[-1]]
