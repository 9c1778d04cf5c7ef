"""Builds the distributions and tries the wheel in clean environments: `make package`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parent.parent
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
OWN_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def build(directory: Path) -> tuple[Path, Path]:
    """Build an sdist, and from it the wheel, as pip does with what is on PyPI. Return their paths."""
    code = "import sys, hatchling.build as build; print(build.build_sdist(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, directory], cwd=PROJECT, check=True, capture_output=True)
    [sdist] = directory.glob("*.tar.gz")
    pip(Path(sys.executable), "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(directory), str(sdist))
    [wheel] = directory.glob("*.whl")
    return sdist, wheel


def pip(python: Path, *arguments: str) -> None:
    """Run pip quietly. Raises CalledProcessError."""
    subprocess.run([python, "-m", "pip", "-qq", "--disable-pip-version-check", *arguments], check=True)


def installed(python: str, directory: Path, wheel: Path) -> Path:
    """Make a clean environment with the wheel and no extras; return the directory of its programs."""
    subprocess.run([python, "-m", "venv", directory], check=True)
    pip(directory / "bin" / "python", "install", str(wheel))
    return directory / "bin"


def said(command: list[str | Path]) -> str:
    """Return what a command prints. Raises CalledProcessError."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def interpreter(version: str) -> str | None:
    """Return the real interpreter of a version, also of one that a version manager keeps beside the current one."""
    if version == OWN_VERSION:
        return sys.executable
    beside = Path(sys.base_prefix).parent.glob(f"{version}.*/bin/python")
    found = [*map(str, sorted(beside)), shutil.which(f"python{version}") or ""]
    return next((path for path in found if path and _runs(path)), None)


def _runs(python: str) -> bool:
    return subprocess.run([python, "-V"], capture_output=True, check=False).returncode == 0


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        sdist, wheel = build(Path(name))
        for version in VERSIONS:
            python = interpreter(version)
            if not python:
                print(f"Python {version}: not here")
                continue
            programs = installed(python, Path(name) / version, wheel)
            said([programs / "facesnap", "list", "--help"])
            said([programs / "facesnap", "config", "list", "-p", "emulator", "-o", "json"])
            print(f"Python {version}: {said([programs / 'facesnap', '--version']).strip()}")
        dist = PROJECT / "dist"
        dist.mkdir(exist_ok=True)
        for file in (sdist, wheel):
            shutil.copy(file, dist)
        print(f"{dist}: {sdist.name}, {wheel.name}")


if __name__ == "__main__":
    main()
