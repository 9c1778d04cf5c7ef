"""What every measurement needs: clean environments, interleaved runs, processes with their cost, a table."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Cost:
    """What one process took: wall and processor time in seconds, and the most memory it had in MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def processor() -> str:
    """Return what is to be said of this machine beside a figure."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{len(names)} × {names[0].partition(':')[2].strip()}" if names else platform.machine()


def cost_of(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end, its output thrown away. Raises RuntimeError unless it exits with 0."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stderr
    with process.stderr as stderr:
        said = stderr.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{command} exited with {process.returncode}: {said}")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def medians(
    commands: Mapping[str, Sequence[str]], environment: Mapping[str, str] | None = None, *, rounds: int = 20
) -> dict[str, float]:
    """Return each command's median wall time in seconds: all run once a round, so that a busy moment hits them all."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            taken[name].append(cost_of(command, environment).wall_s)
    return {name: statistics.median(times) for name, times in taken.items()}


def instructions(command: Sequence[str], environment: Mapping[str, str]) -> int | None:
    """Return how many instructions a command takes; None without valgrind. They repeat to 0.1 %, unlike times."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    counting = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    fixed = {**environment, "PYTHONHASHSEED": "0"}
    done = subprocess.run(counting, env=fixed, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    return int(found[1]) if found and done.returncode == 0 else None


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; the first column is text, the others are numbers."""
    lines = [header, ["---", *("--:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines) + "\n"


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="facesnap-bench-") as name:
        yield Path(name)


def environment_with(directory: Path, *requirements: str) -> Path:
    """Make a virtual environment of the interpreter that runs here, and return the directory of its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--upgrade-deps", directory], check=True, capture_output=True)
    programs = directory / "bin"
    _pip(programs / "python", "install", *requirements)
    return programs


def wheel(directory: Path) -> str:
    """Build the project's wheel and return its path."""
    _pip(Path(sys.executable), "wheel", "--no-deps", "--wheel-dir", str(directory), str(PROJECT))
    return str(next(directory.glob("facesnap_cli-*.whl")))


@contextlib.contextmanager
def emulator(*arguments: str) -> Iterator[str]:
    """Run an emulator as a process of its own and give its endpoint."""
    command = [sys.executable, "-m", "facesnap_cli", "emulator", "start", "--port", "0", "-o", "jsonl", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())["endpoint"]
        finally:
            process.terminate()


def _pip(python: Path, *arguments: str) -> None:
    subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments], check=True)
