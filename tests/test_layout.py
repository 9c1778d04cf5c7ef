"""Hold the layout of the code: which folder imports which, and which library stays in which folder."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import Program

PACKAGE = Path(__file__).parent.parent / "facesnap_cli"
# A folder imports only from folders before it.
ORDER = (
    "common",
    "models",
    "network",
    "config",
    "face_api",
    "journal",
    "operations",
    "archives",
    "backups",
    "display",
    "cli",
    "commands",
)
MAY_IMPORT = {folder: set(ORDER[:place]) for place, folder in enumerate(ORDER)} | {
    "journal": {"common", "models", "network", "config"},
    "display": {"common", "models", "network"},
    "emulator": {"common"},
}
ONLY_IN = {
    "httpx": {"network"},
    "httpcore": {"network"},
    "rich": {"display"},
    "starlette": {"emulator"},
    "uvicorn": {"emulator"},
}
STATEMENT_ON_THE_JOURNAL = re.compile(r"\b(FROM|INTO|UPDATE|JOIN|TABLE) (operations|snapshot_uses|transfers)\b")
SOURCES = sorted(PACKAGE.rglob("*.py"))
MODULES = [path for path in SOURCES if path.name != "__init__.py"]
each_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))


def module_name(path: Path) -> str:
    """Return a module's dotted name below the package; a folder's own for its `__init__`."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


NAMES = {module_name(path) for path in SOURCES}


def imports_of(path: Path) -> list[str]:
    """Return the modules that a file imports, also inside functions, except for type checks."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
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


def own_imports_of(path: Path) -> set[str]:
    """Return the modules of the package that a file imports, named as `module_name` names them."""
    found = set()
    for name in imports_of(path):
        top, _, rest = name.partition(".")
        if top == "facesnap_cli" and rest != "__version__":
            found.add(rest if rest in NAMES else rest.rpartition(".")[0])
    return found


def misplaced_imports_of(path: Path) -> set[str]:
    """Return the modules that a file imports against the order of folders."""
    own = module_name(path)
    folder = own.partition(".")[0]
    allowed = MAY_IMPORT[folder] | {folder} | ({"emulator"} if own == "commands.emulator" else set())
    return {name for name in own_imports_of(path) if name.partition(".")[0] not in allowed}


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if path.parent != PACKAGE],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_a_folder_imports_only_from_folders_before_it(path: Path) -> None:
    assert misplaced_imports_of(path) == set()


@each_source
def test_a_library_is_imported_only_in_its_folder(path: Path) -> None:
    folder = module_name(path).partition(".")[0]
    libraries = {name.partition(".")[0] for name in imports_of(path)}
    assert {library for library in libraries if folder not in ONLY_IN.get(library, {folder})} == set()
    assert "click" not in libraries, "Typer carries its own copy"


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.relative_to(PACKAGE).parts[0] not in ("journal", "emulator")],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_only_the_journal_reads_and_writes_its_tables(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [text for text in texts if STATEMENT_ON_THE_JOURNAL.search(text)] == []


def test_a_listing_of_the_package_fits_at_a_glance() -> None:
    files = (path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    assert len({path.relative_to(PACKAGE).parts[0] for path in files}) <= 16
    crowded = Counter(path.parent for path in MODULES if path.parent.name != "commands")
    assert {folder for folder, modules in crowded.items() if modules > 14} == set()


def test_no_two_modules_have_the_same_name() -> None:
    names = Counter(path.stem for path in MODULES if path.relative_to(PACKAGE).parts[0] not in ("commands", "emulator"))
    assert {name for name, modules in names.items() if modules > 1} == set()


def test_no_two_test_files_have_the_same_name() -> None:
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert {name for name, files in names.items() if files > 1} == set()


@each_source
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import facesnap_cli.__main__", {"typer", "httpx", "rich", "ssl", "sqlite3", "json", "re", "pathlib"}),
        ("import facesnap_cli.cli.main", {"httpx", "rich", "ssl", "sqlite3", "platformdirs", "tomllib", "jmespath"}),
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
        *(
            (f"__complete --line 'facesnap {line} '", {"typer", "httpx", "ssl", "rich"})
            for line in ("show", "take -i", "run", "restore")
        ),
        ("--help", {"httpx", "httpcore", "rich", "ssl", "sqlite3", "platformdirs", "tomllib", "jmespath", "json"}),
        ("help plan", {"httpx", "httpcore", "rich", "ssl", "sqlite3", "platformdirs", "tomllib", "jmespath", "json"}),
        ("take --help", {"httpx", "httpcore", "rich", "ssl", "sqlite3", "platformdirs", "tomllib", "jmespath"}),
        (
            "list -o json",
            {"rich", "click", "pygments", "jmespath", "tomli_w", "tomlkit", "starlette", "uvicorn", "keyring"},
        ),
        ("list", {"rich", "click", "pygments"}),
        *(
            (line, {"httpx", "httpcore", "h11", "ssl", "rich", "tomlkit", "jmespath"})
            for line in ("status -o json", "wait", "config path", "config show -o json", "backups --offline -o json")
        ),
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
