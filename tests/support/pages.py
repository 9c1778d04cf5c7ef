"""The command blocks of README and docs/: what they are, how they run against the emulator, what they must show."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyte

from tests.conftest import Program
from tests.support.terminal import on_one_screen
from tests.support.waiting import PATIENCE_S

# The reasons for which a block is not executed, and how many blocks may give each.
REASONS = {
    "needs a real account": 4,
    "changes this machine": 6,
    "runs in the cloud": 1,
    "runs until it is stopped": 3,
    "needs a backup of that day": 2,
    "needs another program": 3,
    "runs these tests": 3,
}
COLUMNS, _WIDEST, _ROWS = 100, 300, 300
_BLOCK = re.compile(
    r"^(?:<!-- (?P<comment>.*?) -->\n)?```(?P<language>\S*) *(?P<file>\S*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SHELL = re.compile(r"[|<>;&$*]|^(?!facesnap )", re.MULTILINE)
_KEYS = re.compile(
    r"(?:^<!-- before: (?P<before>.*?) -->\n)?^<!-- document of: (?P<command>.*?) -->\n"
    r"^\| key \|.*\n^\|[-| ]+\n(?P<rows>(?:^\|.*\n)+)",
    re.MULTILINE,
)
# What differs from run to run, or from machine to machine, and what stands for it in a comparison.
_VOLATILE = (
    (r"extras: [a-z, ]*", "EXTRAS"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "GUID"),
    (r"\b[0-9a-f]{32,}\b", "DIGEST"),
    (r"\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b", "ID"),
    (r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z| UTC)?)?", "TIME"),
    (
        r"(?:\d+d ?)?\b(?:\d+h ?)?(?:\d+m ?)?\d+(?:\.\d+)? ?m?s\b|\b(?:\d+d ?)?(?:\d+h ?)?\d+m\b|\b\d+h\b|\b\d+d\b",
        "DURATION",
    ),
    (r"\d+:\d\d:\d\d", "DURATION"),
    (r"\b\d+(?:\.\d+)? ?(?:[KMG]i?B|bytes)\b", "SIZE"),
    (r"\b\d+(?:\.\d+)?/s", "RATE"),
    (r"\b\d+\.\d+\.\d+\b", "VERSION"),
)


@dataclass(frozen=True)
class Block:
    """A block of a page, with the HTML comment in the line above and the name of the file that `text` is saved to."""

    language: str
    file: str
    text: str
    comment: str
    start: int
    end: int

    @property
    def reason(self) -> str:
        """The reason for which the block is not executed, or nothing."""
        return self.comment.removeprefix("not executed: ") if self.comment.startswith("not executed: ") else ""

    @property
    def preparation(self) -> str:
        """The commands that run before the block and that the reader does not see."""
        return self.comment.removeprefix("before: ") if self.comment.startswith("before: ") else ""


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    return [
        Block(found["language"], found["file"], found["text"], found["comment"] or "", *found.span("text"))
        for found in _BLOCK.finditer(text)
    ]


def executed(text: str) -> Iterator[tuple[Block, Block | None]]:
    """Return the blocks of a page that are executed or saved, each with the output that stands right below, if any."""
    found = blocks(text)
    for block, after in itertools.zip_longest(found, found[1:]):
        if block.file or (block.language == "sh" and not block.reason):
            is_output = (
                after and after.language == "text" and text[block.end : after.start].split() == ["```", "```text"]
            )
            yield block, after if is_output else None


def execute(program: Program, block: Block) -> str:
    """Run the commands of a block and return what they show, in this process if none of them needs a shell.

    Raises AssertionError if a command ends with another status than 0, or than its comment `# exit status N` says.
    """
    _run(program, block.preparation)
    return _run(program, block.text)


def _run(program: Program, script: str) -> str:
    lines = script.replace("\\\n", " ").splitlines()
    commands = [(line, words) for line in lines if (words := shlex.split(line, comments=True))]
    if any(_SHELL.search(line.partition(" #")[0]) for line, _ in commands):
        return _in_shell(program, script, _expected_status(script))
    return "".join(_in_process(program, line, words[1:]) for line, words in commands)


def renew(page: Path, block: Block, shown: str) -> None:
    """Write what a block shows into its page, which is otherwise unchanged since `block` was read."""
    text = page.read_text()
    page.write_text(f"{text[: block.start]}{shown}{text[block.end :]}")


def documented_keys(text: str) -> Iterator[tuple[str, str, set[str]]]:
    """Return the tables of keys of a page: the commands to run before, the command with that document, the keys."""
    for found in _KEYS.finditer(text):
        first_cells = "".join(row.split("|")[1] for row in found["rows"].splitlines())
        yield found["before"] or "", found["command"], set(re.findall(r"`(\w+)`", first_cells))


def keys_of_document(program: Program, before: str, line: str) -> set[str]:
    """Return the keys of the first document, or of the error, that a command prints with `-o json`."""
    for each in (before, line) if before else (line,):
        done = program.run(*shlex.split(each, comments=True)[1:], "-o", "json")
        assert done.status == _expected_status(each), done
    documents = json.loads(done.out) if done.out else json.loads(done.err.splitlines()[-1])["error"]
    return set(documents[0] if isinstance(documents, list) else documents)


def _in_process(program: Program, line: str, arguments: Sequence[str]) -> str:
    done = on_one_screen(program, *arguments, columns=COLUMNS)
    shown = _on_screen(done.out)
    assert done.status == _expected_status(line), f"{line}\n{shown}"
    return shown


def _expected_status(text: str) -> int:
    found = re.search(r"# exit status (\d+)", text)
    return int(found[1]) if found else 0


def _in_shell(program: Program, script: str, expected: int) -> str:
    environment = {
        **{name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **program.environment,
    }
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=program.directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == expected, f"{script}\n{done.stdout}"
    return done.stdout


def _on_screen(written: str) -> str:
    """Return what a terminal shows in the end of all that was written to it, but for bars."""
    screen = pyte.Screen(_WIDEST, _ROWS)
    pyte.Stream(screen).feed(written.replace("\n", "\r\n"))
    lines = [line.rstrip() for line in screen.display]
    return "\n".join(line for line in lines if "━━━" not in line).rstrip("\n") + "\n"


def is_shown(written: str, shown: str) -> bool:
    """Return whether an output is what a page has, in which a line `…` stands for any lines.

    Blanks and line ends do not matter: where they are depends on the length of the directory's path.
    """
    parts = [re.escape(_masked(part)) for part in re.split(r"^ *… *$", shown, flags=re.MULTILINE)]
    return re.fullmatch(".*".join(parts), _masked(written)) is not None


def _masked(text: str) -> str:
    for pattern, name in _VOLATILE:
        text = re.sub(pattern, name, text)
    return re.sub(r"\s+", "", text)
