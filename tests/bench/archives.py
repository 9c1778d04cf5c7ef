"""How much of its rate limit an export and an import use.

A local emulator holds a LargePersonGroup; the program runs as a process of its own with the limit in its profile. The
shares are calls answered, divided by what the limit allows in the time from the first call to the last.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from facesnap_cli.emulator.seeds.images import draw
from tests.bench.harness import Cost, cost_of, emulator, table

KEYS = {"source": "a0000000000000000000000000000001", "target": "b0000000000000000000000000000001"}
PERSONS = 5000
FACES_PER_PERSON = 2
CALLS_PER_S = 200


def report() -> str:
    with (
        tempfile.TemporaryDirectory(prefix="facesnap-bench-") as name,
        group_of(Path(name), PERSONS, FACES_PER_PERSON) as endpoint,
    ):
        directory = Path(name)
        configure(directory, endpoint)
        plain, whole, images = (directory / part for part in ("plain.facesnap", "whole.facesnap", "images"))
        group = ("export", "-t", "LargePersonGroup", "-i", "bench", "--to")
        exported = _measured(directory, endpoint, *group, str(plain))
        draw_images(plain, images)
        run(directory, *group, str(whole), "--base", str(plain), "--images", str(images), "-p", "unlimited")
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
def group_of(directory: Path, persons: int, faces_per_person: int, *options: str) -> Iterator[str]:
    """Run an emulator with a LargePersonGroup `bench` and give its endpoint. `options` are more of the emulator."""
    group = {"type": "LargePersonGroup", "objectId": "bench", "count": persons, "facesPerPerson": faces_per_person}
    seed = directory / "seed.json"
    seed.write_text(json.dumps({"objects": [group]}))
    with emulator("--seed", str(seed), "--service", "retired", *options) as endpoint:
        yield endpoint


def configure(directory: Path, endpoint: str, rate_limit: str = f"{CALLS_PER_S}/s") -> None:
    profiles = {
        "source": (KEYS["source"], rate_limit),
        "target": (KEYS["target"], rate_limit),
        "unlimited": (KEYS["source"], "none"),
        "unlimited-target": (KEYS["target"], "none"),
    }
    text = 'default_profile = "source"\n'
    for name, (key, limit) in profiles.items():
        text += (
            f'[profiles.{name}]\nendpoint = "{endpoint}"\napi_version = "v1.2"\nkey = "{key}"\nrate_limit = "{limit}"\n'
        )
    path = directory / "config.toml"
    path.write_text(text)
    path.chmod(0o600)


def draw_images(archive: Path, images: Path) -> None:
    images.mkdir()
    with contextlib.closing(sqlite3.connect(archive)) as database:
        faces = database.execute("SELECT face_id FROM faces").fetchall()
    for (face_id,) in faces:
        (images / f"{face_id}.png").write_bytes(draw(bytes.fromhex(face_id.replace("-", ""))))


def run(directory: Path, *arguments: str) -> Cost:
    """Run a command with the configuration in `directory` and return its cost. Raises RuntimeError if it fails."""
    places = {"FACESNAP_CONFIG": str(directory / "config.toml"), "FACESNAP_STATE_DIR": str(directory / "state")}
    command = [sys.executable, "-m", "facesnap_cli", *arguments, "-q", "-o", "none"]
    return cost_of(command, os.environ | places)


def _measured(directory: Path, endpoint: str, *arguments: str) -> tuple[int, float, float]:
    """Run a command and return its calls, the seconds from its first to its last, and the seconds of the process."""
    before = requests_since(endpoint, 0)["total"]
    wall_s = run(directory, *arguments).wall_s
    times = [datetime.fromisoformat(call["time"]) for call in requests_since(endpoint, before)["requests"]]
    return len(times), (times[-1] - times[0]).total_seconds(), wall_s


def requests_since(endpoint: str, since: int) -> Any:
    """Return the requests that the emulator has recorded after so many, and the number of all."""
    with urllib.request.urlopen(f"{endpoint}/_emulator/requests?since={since}") as answer:
        return json.load(answer)
