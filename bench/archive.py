"""How much of its rate limit an export and an import use: `python bench/archive.py [--persons N] [--rate N]`.

A local emulator holds a LargePersonGroup; the program runs as a process of its own with the limit in its profile. The
shares are calls answered, divided by what the limit allows in the time from the first call to the last.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from facesnap_cli.emulator.images import draw

KEYS = {"source": "a0000000000000000000000000000001", "target": "b0000000000000000000000000000001"}
FACES_PER_PERSON = 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=5000, help="persons, with two faces each (5000)")
    parser.add_argument("--rate", type=int, default=200, help="calls a second (200)")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="facesnap-bench-") as name,
        _emulator(Path(name), options.persons) as endpoint,
    ):
        directory = Path(name)
        _configure(directory, endpoint, options.rate)
        plain, whole, images = (directory / part for part in ("plain.facesnap", "whole.facesnap", "images"))
        exported = _measured(directory, endpoint, "export", "-t", "LargePersonGroup", "-i", "bench", "--to", str(plain))
        _draw_images(plain, images)
        _run(
            directory,
            "export",
            "-t",
            "LargePersonGroup",
            "-i",
            "bench",
            "--to",
            str(whole),
            "--base",
            str(plain),
            "--images",
            str(images),
            "-p",
            "unlimited",
        )
        imported = _measured(directory, endpoint, "import", str(whole), "-p", "target", "-i", "bench")
    print(f"{options.persons:,} persons, {options.persons * FACES_PER_PERSON:,} faces, limit {options.rate}/s")
    for what, (calls, seconds, wall) in (("export", exported), ("import", imported)):
        share = calls / (seconds * options.rate)
        print(f"{what}: {calls:,} calls in {seconds:.1f} s ({wall:.1f} s with start and end): {share:.1%} of the limit")
    return 0


@contextmanager
def _emulator(directory: Path, persons: int) -> Iterator[str]:
    group = {"type": "LargePersonGroup", "objectId": "bench", "count": persons, "facesPerPerson": FACES_PER_PERSON}
    seed = directory / "seed.json"
    seed.write_text(json.dumps({"objects": [group]}))
    command = [
        sys.executable,
        "-m",
        "facesnap_cli",
        "emulator",
        "start",
        "--port",
        "0",
        "--seed",
        str(seed),
        "-o",
        "json",
    ]
    process = subprocess.Popen([*command, "--service", "retired"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())["endpoint"]
    finally:
        process.terminate()
        process.wait()


def _configure(directory: Path, endpoint: str, rate: int) -> None:
    profiles = {
        "source": (KEYS["source"], f"{rate}/s"),
        "target": (KEYS["target"], f"{rate}/s"),
        "unlimited": (KEYS["source"], "none"),
    }
    text = 'default_profile = "source"\n'
    for name, (key, limit) in profiles.items():
        text += (
            f'[profiles.{name}]\nendpoint = "{endpoint}"\napi_version = "v1.2"\nkey = "{key}"\nrate_limit = "{limit}"\n'
        )
    path = directory / "config.toml"
    path.write_text(text)
    path.chmod(0o600)


def _draw_images(archive: Path, images: Path) -> None:
    images.mkdir()
    for (face_id,) in sqlite3.connect(archive).execute("SELECT face_id FROM faces"):
        (images / f"{face_id}.png").write_bytes(draw(bytes.fromhex(face_id.replace("-", ""))))


def _run(directory: Path, *arguments: str) -> None:
    places = {"FACESNAP_CONFIG": str(directory / "config.toml"), "FACESNAP_STATE_DIR": str(directory / "state")}
    subprocess.run(
        [sys.executable, "-m", "facesnap_cli", *arguments, "-o", "none"], env=os.environ | places, check=True
    )


def _measured(directory: Path, endpoint: str, *arguments: str) -> tuple[int, float, float]:
    """Run a command and return its calls, the seconds from its first to its last, and the seconds of the process."""
    before = _requests(endpoint, 0)["total"]
    started = time.monotonic()
    _run(directory, *arguments)
    wall = time.monotonic() - started
    times = [datetime.fromisoformat(call["time"]) for call in _requests(endpoint, before)["requests"]]
    return len(times), (times[-1] - times[0]).total_seconds(), wall


def _requests(endpoint: str, since: int) -> Any:
    with urllib.request.urlopen(f"{endpoint}/_emulator/requests?since={since}") as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
