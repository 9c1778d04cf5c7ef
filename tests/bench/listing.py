"""How long the list of 50 items with 30 backups each takes: copies, archives, both by records alone."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.archives import KEYS, run
from tests.bench.harness import emulator, scratch, table

ITEMS, NIGHTS = 50, 30
SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000001"


def report() -> str:
    """Make the backups, list them, and return the times as a table."""
    days = [f"{datetime.now(UTC) - timedelta(days=number):%Y-%m-%d}" for number in range(NIGHTS)]
    with scratch() as directory:
        seed = directory / "seed.json"
        groups = [{"type": "PersonGroup", "objectId": f"g{number:02}", "count": 2} for number in range(ITEMS)]
        seed.write_text(json.dumps({"objects": groups}))
        with emulator("--seed", str(seed)) as endpoint:
            _configure(directory, endpoint)
            copies = _plan(directory, "copies", "target:{name}-{date}")
            archives = _plan(directory, "archives", "file:archives/{name}-{date}.facesnap")
            for plan in (copies, archives):
                run(directory, "run", str(plan))
            _multiply(directory, days)
            rows = [
                [what, f"{run(directory, 'backups', *map(str, words)).wall_s:.2f}"]
                for what, words in (
                    ("copies", (copies,)),
                    ("archives, by their heads", (archives,)),
                    ("copies, offline", (copies, "--offline")),
                )
            ]
    return f"### List {ITEMS} items with {NIGHTS} backups each\n\n" + table(["", "s"], rows)


def _configure(directory: Path, endpoint: str) -> None:
    path = directory / "config.toml"
    profiles = [
        f'[profiles.{name}]\nendpoint = "{endpoint}"\nkey = "{key}"\nsubscription_id = "{SUBSCRIPTION}"\n'
        'rate_limit = "none"\n'
        for name, key in KEYS.items()
    ]
    path.write_text(
        'default_profile = "source"\n'
        + "".join(profiles)
        .replace(SUBSCRIPTION, "{}")
        .format(SUBSCRIPTION, SUBSCRIPTION.replace("a", "b").replace("1", "2"))
    )
    path.chmod(0o600)


def _plan(directory: Path, name: str, to: str) -> Path:
    more = 'method = "export"\nrequire_images = false\n' if to.startswith("file:") else ""
    items = [
        f'[[backup]]\nname = "g{number:02}"\ntype = "PersonGroup"\nobject_id = "g{number:02}"\nto = ["{to}"]\n{more}'
        for number in range(ITEMS)
    ]
    path = directory / f"{name}.toml"
    path.write_text("jobs = 16\n" + "".join(items))
    return path


def _multiply(directory: Path, days: list[str]) -> None:
    """Give each backup its older fellows: files without a record, and records of copies that are gone."""
    for archive in list((directory / "archives").iterdir()):
        for day in days[1:]:
            shutil.copy(archive, archive.with_name(archive.name.replace(days[0], day)))
    with contextlib.closing(sqlite3.connect(directory / "state" / "journal.db")) as database, database:
        names = [row[1] for row in database.execute("PRAGMA table_info(backups)")]
        for row in database.execute("SELECT * FROM backups WHERE method = 'snapshot'").fetchall():
            for day in days[1:]:
                copy = dict(zip(names, row, strict=True))
                copy |= {"id": f"{copy['id']}-{day}", "place": copy["place"].replace(days[0], day)}
                marks = ", ".join("?" for _ in names)
                database.execute(f"INSERT INTO backups VALUES ({marks})", list(copy.values()))
