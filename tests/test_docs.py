"""README and docs/ say what the program has, lead nowhere else, and their commands run."""

from __future__ import annotations

import io
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from facesnap_cli.common import errors
from facesnap_cli.config.definitions import SETTINGS
from facesnap_cli.emulator.http_server import RunningEmulator
from tests import people
from tests.conftest import SOURCE_KEYS, Program
from tests.reference import GENERATED, PROJECT, all_commands, pages

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
def test_every_page_is_found_from_the_readme(page: Path) -> None:
    seen, to_read = {README}, [README]
    while to_read:
        current = to_read.pop()
        for path in re.findall(r"\]\((?!https?:)([^)#\s]+\.md)", current.read_text()):
            target = (current.parent / path).resolve()
            if target not in seen:
                seen.add(target)
                to_read.append(target)
    assert page in seen


@each_page
def test_every_module_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`([\w/]+\.py)`", page.read_text())
    places = (PROJECT, PACKAGE, PROJECT / "tests")
    assert [path for path in named if not any((place / path).exists() for place in places)] == []


EXECUTED = [page for page in PAGES if "```sh executed\n" in page.read_text()]


def test_every_block_of_the_readme_is_executed_or_says_why_not() -> None:
    text = README.read_text()
    assert README in EXECUTED
    assert len(re.findall(r"^<!-- not executed: .+ -->\n```sh$", text, re.MULTILINE)) == text.count("```sh\n") == 5


@pytest.mark.parametrize("page", EXECUTED, ids=lambda page: str(page.relative_to(PROJECT)))
def test_the_commands_of_a_page_run_in_their_order(
    page: Path, program: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = program.configure(emulator.endpoint).read_text()
    source, target = config[config.index("[profiles.source]") :].split("[profiles.target]")
    of_source = [source.replace("profiles.source", f"profiles.{name}") for name in ("emulator", "prod")]
    of_target = [f"[profiles.{name}]{target}" for name in ("emulator-target", "dr")]
    program.write_config("".join(of_source + of_target))
    monkeypatch.chdir(program.directory)
    monkeypatch.setattr("sys.stdin", io.StringIO(SOURCE_KEYS[0]))
    people.main(emulator.endpoint, "employees", "photos")
    for name, text in re.findall(r"^```toml (\S+)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        Path(name).write_text(text)
    blocks = re.findall(r"^```sh executed\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    for line in "".join(blocks).replace("\\\n", " ").splitlines():
        done = program.run(*shlex.split(line, comments=True)[1:])
        assert (done.status, bool(done.out)) == (0, True), (line, done.err)


def test_the_changelog_begins_with_this_version() -> None:
    from facesnap_cli import __version__

    first = re.search(r"^## \[([^]]+)\]", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first
    assert first[1] in ("Unreleased", __version__)
