"""Draws the README's pictures from what the program shows at a terminal, against the emulator: `make pictures`."""

from __future__ import annotations

import io
import os
import re
import subprocess
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
from tests.conftest import SOURCE_KEYS, Program
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
        """Write the screen as an SVG, as far as there is text on it and without the shell's last prompt."""
        lines = [self._line(number) for number in range(ROWS)]
        while lines[-1].plain.strip() in ("", "$"):
            lines.pop()
        width = max(line.cell_len for line in lines)
        console = Console(record=True, width=width, file=io.StringIO(), color_system="truecolor")
        console.print(Text("\n").join(lines))
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
            save_photos(emulator.endpoint)
            shell.wait_for("$ ")
            shell.type("facesnap export -t PersonGroup -i employees --images photos --to employees.facesnap")
            shell.wait_for("next: ")
            shell.wait_for("$ ")
            shell.type("facesnap import employees.facesnap --profile dr --id-map ids.csv")
            shell.wait_for("next: ")
            shell.wait_for("$ ")
            shell.draw("move.svg")
        with session(Path(name), emulator.endpoint) as shell:
            shell.wait_for("$ ")
            shell.type("facesnap run nightly.toml")
            shell.wait_for("applying")
            shell.wait_for("running")
            shell.draw("run.svg")


def save_photos(endpoint: str) -> None:
    """Save the demo's faces as photos, each named by its face."""
    command = [sys.executable, str(Path(__file__).parent / "people.py"), endpoint, "employees", "photos"]
    subprocess.run(command, input=SOURCE_KEYS[0], text=True, check=True, stdout=subprocess.DEVNULL)


def _color(name: str) -> str | None:
    """Return pyte's name of a colour as rich's."""
    if name == "default":
        return None
    if len(name) == 6 and all(digit in "0123456789abcdef" for digit in name):
        return f"#{name}"
    return {"brown": "yellow"}.get(name, name).replace("bright", "bright_")


if __name__ == "__main__":
    main()
