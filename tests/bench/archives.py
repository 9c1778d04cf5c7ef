"""How much of its rate limit an export and an import use.

A local emulator holds a LargePersonGroup; the program runs as a process of its own with the limit in its profile. The
shares are calls answered, divided by what the limit allows in the time from the first call to the last.
"""

from __future__ import annotations

import contextlib
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

from facesnap_cli.emulator.seeds.images import draw
from tests.bench.harness import table

KEYS = {"source": "a0000000000000000000000000000001", "target": "b0000000000000000000000000000001"}
PERSONS = 5000
FACES_PER_PERSON = 2
CALLS_PER_S = 200


def report() -> str:
    with tempfile.TemporaryDirectory(prefix="facesnap-bench-") as name, _emulator(Path(name)) as endpoint:
        directory = Path(name)
        _configure(directory, endpoint)
        plain, whole, images = (directory / part for part in ("plain.facesnap", "whole.facesnap", "images"))
        group = ("export", "-t", "LargePersonGroup", "-i", "bench", "--to")
        exported = _measured(directory, endpoint, *group, str(plain))
        _draw_images(plain, images)
        _run(directory, *group, str(whole), "--base", str(plain), "--images", str(images), "-p", "unlimited")
        imported = _measured(directory, endpoint, "import", str(whole), "-p", "target", "-i", "bench")
    rows = [
        [what, f"{calls:,}", f"{seconds:.1f}", f"{wall_s:.1f}", f"{calls / (seconds * CALLS_PER_S):.1%}"]
        for what, (calls, seconds, wall_s) in (("export", exported), ("import", imported))
    ]
    return (
        f"### Export and import under a limit of {CALLS_PER_S} calls a second\n\n"
        f"{PERSONS:,} persons with {PERSONS * FACES_PER_PERSON:,} faces; the rest of the process's time is its"
        " start, the check of the archive and its end.\n\n"
        + table(["", "calls", "first to last call, s", "whole process, s", "of the limit"], rows)
    )


@contextmanager
def _emulator(directory: Path) -> Iterator[str]:
    group = {"type": "LargePersonGroup", "objectId": "bench", "count": PERSONS, "facesPerPerson": FACES_PER_PERSON}
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


def _configure(directory: Path, endpoint: str) -> None:
    profiles = {
        "source": (KEYS["source"], f"{CALLS_PER_S}/s"),
        "target": (KEYS["target"], f"{CALLS_PER_S}/s"),
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
    with contextlib.closing(sqlite3.connect(archive)) as database:
        faces = database.execute("SELECT face_id FROM faces").fetchall()
    for (face_id,) in faces:
        (images / f"{face_id}.png").write_bytes(draw(bytes.fromhex(face_id.replace("-", ""))))


def _run(directory: Path, *arguments: str) -> None:
    places = {"FACESNAP_CONFIG": str(directory / "config.toml"), "FACESNAP_STATE_DIR": str(directory / "state")}
    subprocess.run(
        [sys.executable, "-m", "facesnap_cli", *arguments, "-q", "-o", "none"],
        env=os.environ | places,
        check=True,
        capture_output=True,
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
