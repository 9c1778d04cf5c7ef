"""What facesnap asks at a terminal, and what becomes of answers that are none."""

from __future__ import annotations

import os
import sys
import tomllib

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, Program
from tests.support.archives import exported, persons
from tests.support.families import first_quick
from tests.support.service import call, posts
from tests.support.terminal import Terminal, terminal

FACESNAP = (sys.executable, "-m", "facesnap_cli")
TAKE_IT = (*FACESNAP, "take", "-t", "PersonGroup", "--no-wait", "-o", "none")
QUESTION = "Which PersonGroup? Its number or id: "
SUBSCRIPTION = "cccccccc-0000-4000-8000-000000000003"
END_OF_INPUT = "\x04"
INTERRUPT = "\x03"
WHERE = first_quick([("--into",), (("--to", "target:again"),)])


def environment(program: Program) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "TERM": "dumb", **program.environment}


def ended(screen: Terminal) -> tuple[int, str]:
    status, shown = screen.read_to_end()
    return status, shown.replace("\r\n", "\n")


@pytest.mark.parametrize("quiet", [(), ("-q",)])
@pytest.mark.parametrize("answer", ["1", "employees"])
def test_take_offers_the_objects_also_where_notes_are_not_wanted(
    program: Program, emulator: RunningEmulator, quiet: tuple[str, ...], answer: str
) -> None:
    with terminal([*TAKE_IT, *quiet], environment(program)) as screen:
        assert "   1  employees  " in screen.read_until(QUESTION)
        screen.send(f"{answer}\n")
        assert ended(screen)[0] == 0
    assert posts(emulator) == 1


@pytest.mark.parametrize("answer", ["99", "0", "ghost", "-1", "Employees"])
def test_take_asks_again_for_what_is_not_in_the_list(program: Program, emulator: RunningEmulator, answer: str) -> None:
    with terminal(TAKE_IT, environment(program)) as screen:
        screen.read_until(QUESTION)
        screen.send(f"{answer}\n")
        screen.read_until(f"'{answer}' is neither a number nor an id of these. Which PersonGroup? ")
        screen.send("1\n")
        assert ended(screen)[0] == 0
    assert posts(emulator) == 1


@pytest.mark.parametrize("nothing", ["\n", "  \n", END_OF_INPUT])
def test_take_ends_where_nothing_is_chosen(program: Program, emulator: RunningEmulator, nothing: str) -> None:
    with terminal(TAKE_IT, environment(program)) as screen:
        screen.read_until(QUESTION)
        screen.send(nothing)
        status, shown = ended(screen)
    assert status == 2
    assert "facesnap: nothing was chosen, so nothing was taken\n" in shown
    assert posts(emulator) == 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("two words", "what you typed cannot be a key"),
        ("", "no key was typed"),
    ],
)
def test_init_says_that_what_was_typed_is_no_key(program: Program, typed: str, said: str) -> None:
    before = (program.directory / "config.toml").read_text()
    command = (*FACESNAP, "config", "init", "-p", "new", "--endpoint", "https://h.example")
    with terminal(command, environment(program)) as screen:
        screen.read_until("Enter leaves it out): ")
        screen.send("\n")
        screen.read_until("not shown): ")
        screen.send(f"{typed}\n")
        status, shown = ended(screen)
    assert status == 4
    assert f"facesnap: {said}; nothing was changed\n" in shown
    assert (program.directory / "config.toml").read_text() == before


def test_init_asks_for_endpoint_subscription_and_key_and_says_where_they_are(program: Program) -> None:
    with terminal([*FACESNAP, "config", "init", "-p", "new"], environment(program)) as screen:
        told = screen.read_until("Endpoint (on Keys and Endpoint): ")
        assert "The Azure portal shows what is asked for on the pages of your Face resource." in told
        screen.send("https://NAME.cognitiveservices.azure.com\n")
        assert "NAME" in screen.read_until("Endpoint (on Keys and Endpoint): ")
        screen.send("https://mine.cognitiveservices.azure.com\n")
        screen.read_until("Subscription id (on Overview; Enter leaves it out): ")
        screen.send("mine\n")
        assert "is a GUID with dashes" in screen.read_until("Subscription id (on Overview; Enter leaves it out): ")
        screen.send(f"{SUBSCRIPTION}\n")
        screen.read_until("Key (KEY 1 on Keys and Endpoint; not shown): ")
        screen.send(f"{SOURCE_KEYS[0]}\n")
        assert ended(screen)[0] == 0
    made = tomllib.loads((program.directory / "config.toml").read_text())["profiles"]["new"]
    assert made == {
        "endpoint": "https://mine.cognitiveservices.azure.com",
        "subscription_id": SUBSCRIPTION,
        "key": SOURCE_KEYS[0],
    }


def test_init_without_a_subscription_says_what_needs_it(program: Program) -> None:
    command = (*FACESNAP, "config", "init", "-p", "new", "--endpoint", "https://h.example", "--key-env", "X")
    with terminal(command, environment(program)) as screen:
        screen.read_until("Enter leaves it out): ")
        screen.send(END_OF_INPUT)
        status, shown = ended(screen)
    assert status == 0
    assert "facesnap config set subscription_id GUID --profile new" in shown


@pytest.mark.parametrize(("answer", "exit_status", "is_left"), [("y\n", 0, False), ("\n", 2, True), ("n\n", 2, True)])
def test_config_delete_asks(program: Program, answer: str, exit_status: int, is_left: bool) -> None:
    path = program.directory / "config.toml"
    with terminal([*FACESNAP, "config", "delete", "target"], environment(program)) as screen:
        screen.read_until("? [y/N] ")
        screen.send(answer)
        assert ended(screen)[0] == exit_status
    assert ("[profiles.target]" in path.read_text()) is is_left


@pytest.mark.parametrize(
    ("answer", "exit_status", "said"),
    [("github\n", 0, "runs-on:"), ("\n", 0, "FACESNAP_STATE_DIR="), ("cron\n", 2, "did you mean crontab?")],
)
def test_schedule_asks_for_the_scheduler(program: Program, answer: str, exit_status: int, said: str) -> None:
    plan = program.directory / "plan.toml"
    plan.write_text(
        '[[backup]]\nname = "a"\ntype = "PersonGroup"\nobject_id = "employees"\n'
        'to = "target:c-{date}"\ncovered_for = "2d"\n'
    )
    with terminal([*FACESNAP, "schedule", str(plan)], environment(program)) as screen:
        asked = screen.read_until("]: ")
        assert "Scheduler (crontab, systemd, launchd, github, azure, kubernetes) [" in asked
        screen.send(answer)
        status, shown = ended(screen)
    assert (status, said in " ".join(shown.split())) == (exit_status, True)


@pytest.fixture
def archive(program: Program, emulator: RunningEmulator) -> str:
    """An archive of employees without one person, who was deleted since."""
    path = exported(program, emulator, "PersonGroup", "employees")
    [gone, *_] = persons(emulator, "PersonGroup", "employees")
    call(emulator, "DELETE", f"/persongroups/employees/persons/{gone['personId']}", SOURCE_KEYS[0])
    return str(path)


@pytest.mark.parametrize("quiet", [(), ("-q",)])
@pytest.mark.parametrize("where", WHERE)
def test_restore_says_what_it_will_do_and_does_it_after_a_yes(
    program: Program, emulator: RunningEmulator, archive: str, where: tuple[str, ...], quiet: tuple[str, ...]
) -> None:
    with terminal([*FACESNAP, "restore", archive, *where, *quiet, "-o", "none"], environment(program)) as screen:
        shown = screen.read_until("Restore it? [y/N] ")
        assert ("build PersonGroup target:again" if "--to" in where else "add everything that PersonGroup") in shown
        assert posts(emulator) == 0
        screen.send("y\n")
        status, shown = ended(screen)
    assert status == 0, shown
    key = TARGET_KEYS[0] if "--to" in where else SOURCE_KEYS[0]
    assert len(persons(emulator, "PersonGroup", "again" if "--to" in where else "employees", key)) == 3


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(
    ("answer", "exit_status", "said"),
    [
        ("n\n", 2, "not confirmed; nothing was restored"),
        ("\n", 2, "not confirmed; nothing was restored"),
        (END_OF_INPUT, 2, "not confirmed; nothing was restored"),
        (INTERRUPT, 130, "interrupted"),
    ],
)
def test_restore_does_nothing_without_a_yes(
    program: Program,
    emulator: RunningEmulator,
    archive: str,
    where: tuple[str, ...],
    answer: str,
    exit_status: int,
    said: str,
) -> None:
    with terminal([*FACESNAP, "restore", archive, *where, "-o", "none"], environment(program)) as screen:
        screen.read_until("Restore it? [y/N] ")
        screen.send(answer)
        status, shown = ended(screen)
    assert (status, posts(emulator)) == (exit_status, 0)
    assert f"facesnap: {said}" in shown
    assert not [call for call in emulator.requests()["requests"] if call["method"] == "PUT"]
