"""The emulator shares no code with the client: agreeing with a misspelt name would prove nothing."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import facesnap_cli.emulator

PACKAGE = Path(facesnap_cli.emulator.__file__).parent
ALLOWED = ("facesnap_cli.emulator", "facesnap_cli.common", "starlette", "uvicorn")
MODULES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_nothing_of_the_clients(path: Path) -> None:

    foreign = {
        name
        for name in imports(path)
        if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith(ALLOWED)
    }

    assert foreign == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450
