"""`run` of many groups, as a ratio to the slowest chain of operations that it has to wait for.

A chain is what one of the `--jobs` threads waits for: a take and the applies beside each other, once for each of its
groups. All above 1.0 is facesnap's: looks that come late, requests, verification, the journal.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.harness import Cost, cost_of, emulator, scratch, table

LIMIT = 1.3  # times the slowest chain
TARGETS = 2


@dataclass(frozen=True)
class Case:
    """A plan to run; times in seconds."""

    groups: int
    jobs: int
    take_s: float
    apply_s: float

    @property
    def chain_s(self) -> float:
        return math.ceil(self.groups / self.jobs) * (self.take_s + self.apply_s)


CASES = (Case(20, 8, 5.0, 5.0), Case(20, 8, 5.4, 3.3), Case(100, 25, 5.0, 5.0))


def report() -> str:
    rows = []
    for case in CASES:
        cost = measured(case)
        ratio = cost.wall_s / case.chain_s
        if ratio > LIMIT:
            raise RuntimeError(f"{case} took {ratio:.2f} times the slowest chain; at most {LIMIT}")
        rows.append(
            (
                f"{case.groups} groups to {TARGETS} targets, `--jobs {case.jobs}`",
                f"{case.take_s:g} s and {case.apply_s:g} s",
                f"{cost.wall_s:.1f} s",
                f"{ratio:.2f} ×",
                f"{cost.cpu_s:.1f} s",
                f"{cost.peak_mib:.0f} MiB",
            )
        )
    head = ("`facesnap run`", "a take and an apply", "wall", "slowest chain", "CPU", "memory")
    return table(head, rows)


def measured(case: Case) -> Cost:
    """Run the case's plan as a process."""
    with scratch() as directory, estate(directory, case) as endpoint:
        plan = directory / "bench.toml"
        plan.write_text("\n".join(item(number) for number in range(case.groups)))
        environment = os.environ | {
            "FACESNAP_STATE_DIR": str(directory / "state"),
            "FACESNAP_CONFIG": str(configuration(directory, endpoint)),
        }
        command = [sys.executable, "-m", "facesnap_cli", "run", str(plan), "--jobs", str(case.jobs), "--quiet"]
        return cost_of(command, environment)


@contextmanager
def estate(directory: Path, case: Case) -> Iterator[str]:
    """Give the endpoint of an emulator with the case's groups in the first of its accounts."""
    accounts, seed = directory / "accounts.json", directory / "seed.json"
    accounts.write_text(
        json.dumps(
            [{"name": f"p{n}", "subscriptionId": subscription(n), "keys": [f"{n:032}"]} for n in range(1 + TARGETS)]
        )
    )
    groups = [{"type": "PersonGroup", "objectId": f"g-{n}", "name": f"g-{n}", "count": 20} for n in range(case.groups)]
    seed.write_text(json.dumps({"objects": groups}))
    times = ("--take-time", str(case.take_s), "--apply-time", str(case.apply_s))
    with emulator("--accounts", str(accounts), "--seed", str(seed), *times) as endpoint:
        yield endpoint


def item(number: int) -> str:
    to = json.dumps([f"p{target}:g-{number}-{{date}}" for target in range(1, TARGETS + 1)])
    return f'[[backup]]\nname = "g-{number}"\nfrom = "p0"\ntype = "PersonGroup"\nobject_id = "g-{number}"\nto = {to}\n'


def subscription(number: int) -> str:
    return f"{'abc'[number] * 8}-0000-4000-8000-000000000001"


def configuration(directory: Path, endpoint: str) -> Path:
    path = directory / "config.toml"
    tables = [
        f'[profiles.p{n}]\nendpoint = "{endpoint}"\nkey = "{n:032}"\nsubscription_id = "{subscription(n)}"\n'
        'rate_limit = "none"\n'
        for n in range(1 + TARGETS)
    ]
    path.write_text("\n".join(['default_profile = "p0"', *tables]))
    path.chmod(0o600)
    return path
