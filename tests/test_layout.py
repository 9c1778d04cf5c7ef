"""The code's layout: who may import whom, and which libraries stay in which rooms."""

from __future__ import annotations

import ast
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Program

PACKAGE = Path(__file__).parent.parent / "facesnap_cli"
# From the bottom to the top. A module imports from its own floor's package or from floors below, never from above.
FLOORS = (
    ("errors", "clock", "streams"),
    ("text", "files", "secret"),
    ("models", "database", "cells"),
    ("operations", "checks", "wanted", "config_file", "seen_snapshots", "endpoints", "views", "query"),
    ("settings", "answers", "watched", "tables", "journal_file"),
    ("key_sources", "retry", "polling", "wire", "masking"),
    ("credentials",),
    ("transport", "journal"),
    ("snapshots", "objects", "messages"),
    ("accounts",),
    ("workflows",),
    ("output", "progress", "prompts"),
    ("progress_items",),
    ("archive",),
    ("context",),
    ("inputs", "profiles", "doctor", "completion", "copy_inputs", "transferring"),
    ("archive_inputs", "backups", "schedule_inputs"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}
EMULATOR_MAY_IMPORT = {"emulator", "database", "errors"}
ONLY_IN = {
    "httpx": {"wire"},
    "httpcore": {"wire"},
    "rich": {"output", "progress", "progress_items"},
    "starlette": {"emulator"},
    "uvicorn": {"emulator"},
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path, *, at_run_time_only: bool = False) -> list[str]:
    """Return the modules that a file imports, also inside functions; without those for type checks if asked."""
    tree = ast.parse(path.read_text())
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if at_run_time_only and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            skipped.update(ast.walk(node))
    found = []
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_below(path: Path) -> None:
    own = room_of(path)
    for name in imports_of(path, at_run_time_only=True):
        top, _, rest = name.partition(".")
        if top != "facesnap_cli" or rest == "__version__":
            assert own in ONLY_IN.get(top, {own}), f"{name} belongs into {ONLY_IN.get(top)}"
            assert top != "click", "Typer carries its own copy"
            continue
        room = rest.partition(".")[0]
        if own == "emulator":
            assert room in EMULATOR_MAY_IMPORT, f"the emulator must not share {room} with the client"
        elif room == "emulator":
            assert path.name == "emulator.py", "only its own command starts the emulator"
        elif room != own:
            assert FLOOR_OF[room] < FLOOR_OF[own], f"{own} must not import {room}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 350


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import facesnap_cli.__main__", {"typer", "httpx", "rich", "ssl", "sqlite3", "json", "re", "pathlib"}),
        ("import facesnap_cli.cli", {"httpx", "rich", "ssl", "sqlite3", "platformdirs", "tomllib", "jmespath"}),
        ("import facesnap_cli.commands.list", {"httpx", "rich", "ssl", "sqlite3"}),
    ],
)
def test_nothing_is_imported_before_it_is_needed(statement: str, absent: set[str]) -> None:
    script = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, env=site(), check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & absent


@pytest.mark.parametrize(
    ("line", "absent"),
    [
        ("--version", {"typer", "json", "re", "typing", "pathlib"}),
        (
            "__complete --line 'facesnap take --t'",
            {"typer", "dataclasses", "httpx", "ssl", "sqlite3", "rich"},
        ),
        ("__complete --line 'facesnap show '", {"typer", "httpx", "ssl", "rich"}),
        ("--help", {"httpx", "httpcore", "rich", "ssl", "sqlite3", "platformdirs", "tomllib", "jmespath", "json"}),
        ("take --help", {"httpx", "httpcore", "rich", "ssl", "sqlite3", "platformdirs", "tomllib", "jmespath"}),
        ("list -o json", {"rich", "click", "pygments", "jmespath", "tomli_w", "starlette", "uvicorn", "keyring"}),
        ("list", {"rich", "click", "pygments"}),
    ],
)
def test_a_command_loads_only_what_it_uses(program: Program, line: str, absent: set[str]) -> None:
    script = (
        "import os, sys; os._exit = lambda status: None; sys.argv = ['facesnap', *sys.argv[1:]]\n"
        "from facesnap_cli.__main__ import run; run(); print('\\nloaded', *(n for n, m in sys.modules.items() if m))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script, *shlex.split(line)],
        capture_output=True,
        text=True,
        env=site() | program.environment,
        check=True,
    )
    assert done.stderr == ""
    loaded = {name.partition(".")[0] for name in done.stdout.rpartition("\nloaded ")[2].split()}
    assert loaded & absent == set()


def site() -> dict[str, str]:
    """Return an environment in which modules are found without what .pth files import."""
    return {"PYTHONPATH": ":".join(entry for entry in (str(PACKAGE.parent), *sys.path) if entry)}
