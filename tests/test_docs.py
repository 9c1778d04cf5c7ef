"""README and docs/ say what the program has, lead nowhere else, and their commands run."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import sqlite3
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from facesnap_cli.common import errors
from facesnap_cli.config.definitions import SETTINGS
from facesnap_cli.emulator.accounts import BUILT_IN, Account
from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests import people
from tests.cli.test_suggested_commands import parse
from tests.conftest import SOURCE_KEYS, LinkedClock, Program
from tests.reference import GENERATED, PROJECT, all_commands, pages
from tests.support.pages import REASONS, blocks, documented_keys, execute, executed, is_shown, keys_of_document, renew

README = PROJECT / "README.md"
PAGES = [README, *sorted((PROJECT / "docs").rglob("*.md"))]
WRITTEN = "\n".join(text for page in PAGES if not (text := page.read_text()).startswith(GENERATED))
TEXT = "\n".join(page.read_text() for page in PAGES)
PACKAGE = PROJECT / "facesnap_cli"
SOURCES = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FacesnapError)]
MOST_README_LINES, WIDEST_README_LINE, MOST_PAGE_LINES = 250, 110, 300
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_the_reference_is_that_of_the_program(page: Path) -> None:
    assert page.read_text() == pages()[page], "make docs"


@pytest.mark.parametrize("name", [path.split()[1] for path, _ in all_commands() if path.count(" ") == 1])
def test_every_command_is_explained_outside_of_the_reference(name: str) -> None:
    assert re.search(rf"`{name}\b|facesnap {name}\b", WRITTEN)


@pytest.mark.parametrize(
    "option", sorted({name for _, command in all_commands() for p in command.params for name in p.opts})
)
def test_every_option_is_documented(option: str) -> None:
    if option.startswith("-"):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", TEXT)


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"\bFACESNAP_[A-Z_]+[A-Z]", SOURCES)) - {"FACESNAP_TOKEN"}))
def test_every_environment_variable_is_documented(variable: str) -> None:
    assert f"`{variable}`" in TEXT


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_is_documented(setting: str) -> None:
    assert f"`{setting}`" in TEXT


@pytest.mark.parametrize("status", sorted({kind.exit_code for kind in KINDS} | {0, 130, 143}))
def test_every_exit_status_is_documented(status: int) -> None:
    assert re.search(rf"^\| {status}(?:, \d+)* \||^\| 130, {status} \|", TEXT, re.MULTILINE)


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    extras = [each for name, group in project["optional-dependencies"].items() if name != "dev" for each in group]
    for requirement in project["dependencies"] + extras:
        name = re.split(r"[<>=\[]", requirement)[0]
        assert re.search(rf"^\|[^|]*\b{name}\b[^|]*\|", TEXT, re.MULTILINE), name


def test_the_readme_is_one_page() -> None:
    lines = README.read_text().splitlines()
    assert len(lines) <= MOST_README_LINES
    assert [line for line in lines if len(line) > WIDEST_README_LINE] == []


@each_page
def test_a_page_is_short_and_says_what_it_is_for(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert len(lines) < MOST_PAGE_LINES
    assert page == README or any(line.startswith("After this page") for line in lines[:6])


@each_page
def test_a_page_has_no_mark_of_a_merge(page: Path) -> None:
    assert not re.search(r"^(<{7} |\|{7} |={7}$|>{7} )", page.read_text(), re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@each_page
def test_every_link_leads_to_a_file_and_a_section(page: Path) -> None:
    for path, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", page.read_text()):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


@each_page
def test_a_page_is_at_most_two_clicks_from_the_readme(page: Path) -> None:
    first = linked_pages(README)
    assert page in {README}.union(first, *map(linked_pages, first))


def linked_pages(page: Path) -> set[Path]:
    found = re.findall(r"\]\((?!https?:)([^)#\s]+\.md)", page.read_text())
    return {(page.parent / path).resolve() for path in found}


@each_page
def test_every_module_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`([\w/]+\.py)`", page.read_text())
    places = (PROJECT, PACKAGE, PROJECT / "tests")
    assert [path for path in named if not any((place / path).exists() for place in places)] == []


THIRD_SUBSCRIPTION, THIRD_KEY = "cccccccc-0000-4000-8000-000000000003", "c0000000000000000000000000000001"
HOME = "/home/op/faces"
USUAL_ENDPOINT = "http://127.0.0.1:8765"
LANGUAGES = {"sh", "text", "toml", "json", "csv", "python", "yaml"}
EXECUTED = [page for page in PAGES if any(executed(page.read_text()))]


@each_page
def test_a_block_names_its_language_and_commands_are_in_blocks(page: Path) -> None:
    text = page.read_text()
    assert {block.language for block in blocks(text)} <= LANGUAGES | (
        {"console"} if text.startswith(GENERATED) else set()
    )
    assert len(blocks(text)) * 2 == len(re.findall(r"^ *```", text, re.MULTILINE))
    assert re.findall(r"^ +(?:\$ )?facesnap .*", text, re.MULTILINE) == []


def test_every_block_of_commands_is_executed_or_gives_one_of_few_reasons() -> None:
    given = Counter(block.reason for page in PAGES for block in blocks(page.read_text()) if block.reason)
    assert {reason: count for reason, count in given.items() if count > REASONS.get(reason, 0)} == {}


@each_page
def test_every_command_in_a_text_or_an_example_is_a_command_line(page: Path) -> None:
    text = page.read_text()
    examples = re.findall(r"^\$ (facesnap [^<\n]*)", text, re.MULTILINE)
    for line in [*examples, *re.findall(r"`(facesnap [a-z]+ [^`…|[]+)`", text)]:
        parse(shlex.split(line, comments=True))


@pytest.fixture(scope="session")
def emulator_of_the_pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator with the two accounts that are built in, and a third one."""
    file = tmp_path_factory.mktemp("pages") / "accounts.json"
    third = Account("third", "local", THIRD_SUBSCRIPTION, "facesnap", "S0", (THIRD_KEY,))
    file.write_text(json.dumps([account.document() for account in (*BUILT_IN, third)]))
    with running(EmulatorOptions(port=0, seed="demo", accounts=file)) as emulator:
        yield emulator


@pytest.fixture
def reader(emulator_of_the_pages: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """The program as a reader of the pages has it: accounts `prod`, `dr` and `eu`, photos, the plan of the README."""
    emulator = emulator_of_the_pages
    emulator.reset()
    with (
        tempfile.TemporaryDirectory(prefix="f") as name,  # as long as HOME in most places
        contextlib.closing(Program(Path(name), LinkedClock(emulator))) as program,
    ):
        program.write_config(configuration_of_the_pages(emulator))
        monkeypatch.chdir(name)
        people.show(SOURCE_KEYS[0], emulator.endpoint, "employees", "photos")
        save_files(README)
        yield program


def configuration_of_the_pages(emulator: RunningEmulator) -> str:
    accounts = {"prod": 0, "emulator": 0, "dr": 1, "emulator-target": 1, "eu": 2}
    lines = ['default_profile = "prod"']
    for name, number in accounts.items():
        account = emulator.accounts[number]
        others = [each.subscription_id for each in emulator.accounts if each is not account]
        lines += [
            f"[profiles.{name}]",
            f'endpoint = "{emulator.endpoint}"',
            f'key = "{account.keys[0]}"',
            f'subscription_id = "{account.subscription_id}"',
            f"apply_scope = {others}",
        ]
    return "\n".join([*lines, ""])


def save_files(page: Path) -> None:
    for block in blocks(page.read_text()):
        if block.file:
            Path(block.file).write_text(block.text)


@pytest.mark.parametrize("page", EXECUTED, ids=lambda page: str(page.relative_to(PROJECT)))
def test_the_commands_of_a_page_run_in_their_order_and_show_what_it_says(
    page: Path, reader: Program, emulator_of_the_pages: RunningEmulator
) -> None:
    outputs = []
    for block, output in executed(page.read_text()):
        if block.file:
            Path(block.file).write_text(block.text)
            continue
        written = execute(reader, block)
        if output:
            written = written.replace(str(reader.directory), HOME).replace(
                emulator_of_the_pages.endpoint, USUAL_ENDPOINT
            )
            outputs.append((output, written))
    different = [(output, written) for output, written in outputs if not is_shown(written, output.text)]
    if os.environ.get("FACESNAP_RENEW_GOLDEN"):
        for output, written in reversed(different):
            renew(page, output, written)
    else:
        shown = [f"The page shows:\n{output.text}\nThe program shows:\n{written}" for output, written in different]
        assert shown == [], "\n".join([*shown, "Renew the page with: make golden"])


def test_the_documented_keys_are_those_of_the_documents(reader: Program) -> None:
    for before, line, keys in documented_keys((PROJECT / "docs/reference/documents.md").read_text()):
        assert (line, keys) == (line, keys_of_document(reader, before, line))


def test_the_state_directory_has_the_files_and_tables_that_its_page_lists(reader: Program) -> None:
    for line in ("take -t PersonGroup -i employees", "run nightly.toml", "run nightly.toml --drill"):
        assert reader.run(*line.split()).status == 0
    page = (PROJECT / "docs/reference/state-directory.md").read_text()
    first_cells = {name for row in re.findall(r"^\|(.*?)\|", page, re.MULTILINE) for name in re.findall("`(.*?)`", row)}
    state = reader.directory / "state"
    files = {f"{path.name}/" if path.is_dir() else path.name for path in state.iterdir()}
    with contextlib.closing(sqlite3.connect(state / "journal.db")) as journal:
        tables = {name for (name,) in journal.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert {name for name in files if not name.endswith(("-wal", "-shm"))} | tables <= first_cells


def test_every_threat_names_a_test_that_is_there() -> None:
    text = (PROJECT / "docs/SECURITY.md").read_text()
    threats = re.findall(r"^\| (?!threat|-).*\| (.*) \|$", text, re.MULTILINE)
    assert len(threats) > 40
    for cell in threats:
        path, *names = cell.strip("`").split("::")
        source = (PROJECT / "tests" / path).read_text()
        assert [name for name in names if not re.search(rf"^ *(?:def|class) {name}\b", source, re.MULTILINE)] == [], (
            cell
        )


def test_the_changelog_begins_with_this_version_and_has_each_section_and_entry_once() -> None:
    from facesnap_cli import __version__

    text = (PROJECT / "CHANGELOG.md").read_text()
    name, newest = re.split(r"^## \[(.+)\].*$", text, flags=re.MULTILINE)[1:3]
    assert name in ("Unreleased", __version__)
    entries = re.findall(r"^(?:### |- ).*", newest, re.MULTILINE)
    assert [entry for entry, count in Counter(entries).items() if count > 1] == []  # as a merge may leave them
    assert [line for line in newest.splitlines() if len(line) > 110] == []  # nor as they were before
