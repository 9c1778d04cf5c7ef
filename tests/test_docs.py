"""The README says what the program has; what it forgets fails here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from facesnap_cli.common import errors
from facesnap_cli.config.definitions import SETTINGS
from tests.reference import README, all_commands, with_reference

TEXT = README.read_text()
PACKAGE = README.parent / "facesnap_cli"
SOURCES = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
OPTIONS = {name for _, command in all_commands() for param in command.params for name in param.opts if name[0] == "-"}
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FacesnapError)]


def test_the_reference_is_that_of_the_program() -> None:
    assert with_reference(TEXT) == TEXT, "make docs"


@pytest.mark.parametrize("name", [path.split()[1] for path, _ in all_commands() if path.count(" ") == 1])
def test_every_command_is_told_of_outside_of_the_reference(name: str) -> None:
    prose = TEXT.partition("<!-- reference:begin -->")[0]
    assert re.search(rf"`{name}\b|facesnap {name}\b", prose)


@pytest.mark.parametrize(
    "option", sorted({name for _, command in all_commands() for p in command.params for name in p.opts})
)
def test_every_option_is_in_the_readme(option: str) -> None:
    if option.startswith("-"):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", TEXT)


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"\bFACESNAP_[A-Z_]+[A-Z]", SOURCES)) - {"FACESNAP_TOKEN"}))
def test_every_environment_variable_is_in_the_readme(variable: str) -> None:
    assert f"`{variable}`" in TEXT


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_is_in_the_readme(setting: str) -> None:
    assert f"`{setting}`" in TEXT


@pytest.mark.parametrize("status", sorted({kind.exit_code for kind in KINDS} | {0, 130, 143}))
def test_every_exit_status_is_in_the_readme(status: int) -> None:
    assert re.search(rf"^\| {status}(?:, \d+)* \||^\| 130, {status} \|", TEXT, re.MULTILINE)


def test_every_dependency_has_its_reason_in_the_readme() -> None:
    project = tomllib.loads((README.parent / "pyproject.toml").read_text())["project"]
    extras = [each for name, group in project["optional-dependencies"].items() if name != "dev" for each in group]
    for requirement in project["dependencies"] + extras:
        name = re.split(r"[<>=\[]", requirement)[0]
        assert re.search(rf"^\|[^|]*\b{name}\b[^|]*\|", TEXT, re.MULTILINE), name


PAGES = [README, *sorted((README.parent / "docs").rglob("*.md"))]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@each_page
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@each_page
def test_every_module_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`([\w/]+\.py)`", page.read_text())
    places = (README.parent, PACKAGE, README.parent / "tests")
    assert [path for path in named if not any((place / path).exists() for place in places)] == []


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(#([^)\s]+)\)", TEXT))))
def test_every_section_that_the_readme_points_to_is_there(anchor: str) -> None:
    titles = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    assert anchor in {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_changelog_begins_with_this_version() -> None:
    from facesnap_cli import __version__

    first = re.search(r"^## \[([^]]+)\]", (README.parent / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first
    assert first[1] in ("Unreleased", __version__)
