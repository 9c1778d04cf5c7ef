"""Draws the README's pictures from what the program shows at a terminal, against the emulator: `make pictures`."""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

from facesnap_cli.emulator.http_server import EmulatorOptions, running
from tests.conftest import Program
from tests.support.terminal import Terminal, terminal

DIRECTORY = Path(__file__).parent / "pictures"
COLUMNS, ROWS = 112, 40
PLAN = """\
[[backup]]
name = "employees"
from = "prod"
type = "PersonGroup"
object_id = "employees"
to = ["dr:employees-{date}"]
keep = { last = 3, daily = 7 }

[[backup]]
name = "visitors"
from = "prod"
type = "LargePersonGroup"
object_id = "visitors"
to = ["dr:visitors-{date}"]

[[backup]]
name = "watchlist"
from = "prod"
type = "FaceList"
object_id = "watchlist"
to = ["dr:watchlist-{date}"]
"""


class Session:
    """A shell at a terminal of which a picture can be taken at any moment."""

    def __init__(self, screen: Terminal):
        self._terminal = screen
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.Stream(self._screen)

    def type(self, line: str) -> None:
        self._terminal.send(f"{line}\n")

    def wait_for(self, text: str) -> None:
        self._stream.feed(self._terminal.read_until(text))

    def draw(self, name: str) -> None:
        """Write the screen, without the empty lines at its end, as an SVG."""
        used = max(number for number, line in enumerate(self._screen.display) if line.strip()) + 1
        console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor")
        console.print(Text("\n").join(self._line(number) for number in range(used)))
        svg = console.export_svg(title="facesnap", unique_id=name.partition(".")[0])
        DIRECTORY.mkdir(exist_ok=True)
        # Fonts from elsewhere would tell that elsewhere who reads the README; a reader's own will do.
        (DIRECTORY / name).write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))

    def _line(self, number: int) -> Text:
        line = Text()
        for column in range(COLUMNS):
            char = self._screen.buffer[number][column]
            line.append(char.data, Style(color=_color(char.fg), bold=char.bold, italic=char.italics))
        line.rstrip()
        return line


@contextmanager
def session(directory: Path, endpoint: str) -> Iterator[Session]:
    """Run a shell with profiles `prod` (the default) and `dr` in an emulator's two subscriptions."""
    program = Program(directory)
    text = program.configure(endpoint).read_text().replace("source", "prod").replace("target", "dr")
    program.write_config(text)
    (directory / "nightly.toml").write_text(PLAN)
    environment = {
        **program.environment,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(directory),
        "PS1": "$ ",
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
    }
    command = ["bash", "--noprofile", "--norc", "-i"]
    os.chdir(directory)
    with terminal(command, environment, columns=COLUMNS, rows=ROWS) as screen:
        yield Session(screen)


def main() -> None:
    options = EmulatorOptions(port=0, seed="demo", take_time="4", apply_time="6")
    with tempfile.TemporaryDirectory() as name, running(options) as emulator:
        with session(Path(name), emulator.endpoint) as shell:
            shell.wait_for("$ ")
            shell.type("facesnap take --type PersonGroup --object-id employees")
            shell.wait_for("Took")
            shell.wait_for("$ ")
            shell.type("facesnap apply latest --profile dr --object-id employees-dr --verify full")
            shell.wait_for("0:00:03")
            shell.draw("take.svg")
        with session(Path(name), emulator.endpoint) as shell:
            shell.wait_for("$ ")
            shell.type("facesnap run nightly.toml")
            shell.wait_for("$ ")
            shell.draw("run.svg")


def _color(name: str) -> str | None:
    """Return pyte's name of a colour as rich's."""
    if name == "default":
        return None
    if len(name) == 6 and all(digit in "0123456789abcdef" for digit in name):
        return f"#{name}"
    return {"brown": "yellow"}.get(name, name).replace("bright", "bright_")


if __name__ == "__main__":
    main()
