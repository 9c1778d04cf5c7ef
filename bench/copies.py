"""How long `facesnap run --jobs N` takes, as a ratio to the slowest chain of operations that it has to wait for.

A chain is what one of the N threads waits for: a take and the applies beside each other, once for each of its groups.
Everything above 1.0 is facesnap's: polling, requests, verification, the journal. Fails above --limit.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from facesnap_cli.emulator.server import EmulatorOptions, RunningEmulator, running

LETTERS = "abcdefgh"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=20)
    parser.add_argument("--targets", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--take-time", type=float, default=5.0)
    parser.add_argument("--apply-time", type=float, default=5.0)
    parser.add_argument("--limit", type=float, default=1.3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        options = EmulatorOptions(
            port=0,
            accounts=accounts(directory, 1 + given.targets),
            seed=seed(directory, given.groups),
            take_time=given.take_time,
            apply_time=given.apply_time,
        )
        with running(options) as emulator:
            wall_s, cpu_s = run(directory, emulator, given)
    chain_s = math.ceil(given.groups / given.jobs) * (given.take_time + given.apply_time)
    ratio = wall_s / chain_s
    print(
        f"copy: {given.groups} groups to {given.targets} targets, --jobs {given.jobs}: {wall_s:.1f} s,"
        f" {ratio:.2f} x the slowest chain ({chain_s:.0f} s), {cpu_s:.1f} s of CPU"
    )
    return 0 if ratio <= given.limit else 1


def run(directory: Path, emulator: RunningEmulator, given: argparse.Namespace) -> tuple[float, float]:
    """Run the plan as a process; return its wall and CPU time in seconds."""
    plan = directory / "bench.toml"
    plan.write_text("\n".join(item(number, given.targets) for number in range(given.groups)))
    environment = os.environ | {
        "FACESNAP_STATE_DIR": str(directory / "state"),
        "FACESNAP_CONFIG": str(configuration(directory, emulator.endpoint, 1 + given.targets)),
    }
    before, started = os.times(), time.monotonic()
    command = [sys.executable, "-m", "facesnap_cli", "run", str(plan), "--jobs", str(given.jobs), "--quiet"]
    subprocess.run(command, env=environment, check=True)  # noqa: S603 (this program)
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - started, cpu_s


def item(number: int, targets: int) -> str:
    to = json.dumps([f"p{target}:g-{number}-{{date}}" for target in range(1, targets + 1)])
    return f'[[backup]]\nname = "g-{number}"\nfrom = "p0"\ntype = "PersonGroup"\nobject_id = "g-{number}"\nto = {to}\n'


def subscription(number: int) -> str:
    return f"{LETTERS[number] * 8}-0000-4000-8000-000000000001"


def accounts(directory: Path, count: int) -> Path:
    path = directory / "accounts.json"
    entries = [{"name": f"p{n}", "subscriptionId": subscription(n), "keys": [f"{n:032}"]} for n in range(count)]
    path.write_text(json.dumps(entries))
    return path


def seed(directory: Path, groups: int) -> str:
    path = directory / "seed.json"
    entries = [{"type": "PersonGroup", "objectId": f"g-{n}", "name": f"g-{n}", "count": 20} for n in range(groups)]
    path.write_text(json.dumps({"objects": entries}))
    return str(path)


def configuration(directory: Path, endpoint: str, count: int) -> Path:
    path = directory / "config.toml"
    tables = [
        f'[profiles.p{n}]\nendpoint = "{endpoint}"\nkey = "{n:032}"\nsubscription_id = "{subscription(n)}"\n'
        'rate_limit = "none"\n'
        for n in range(count)
    ]
    path.write_text("\n".join(['default_profile = "p0"', *tables]))
    path.chmod(0o600)
    return path


if __name__ == "__main__":
    sys.exit(main())
