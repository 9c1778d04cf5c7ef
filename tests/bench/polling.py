"""Polling: what the schedule wastes on a simulated clock, and what a thousand operations cost one process."""

from __future__ import annotations

import sys
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from facesnap_cli.common.clock import SystemClock
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.journal.store import Journal
from facesnap_cli.models.operations import Operation, OperationKind
from tests.bench.harness import cost_of, scratch, table
from tests.bench.poller import slow_server
from tests.operations.test_polling import wait

DURATIONS_S = (1, 10, 60, 600, 3600, 4 * 3600)
OPERATIONS, RUNNING_S = 1000, 15.0
BARE = """
import httpx, json, sqlite3, sys
endpoint, polls, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
database = sqlite3.connect(path, isolation_level=None)
database.execute("PRAGMA journal_mode = WAL")
database.execute("PRAGMA synchronous = FULL")
database.execute("CREATE TABLE operations (id INTEGER PRIMARY KEY, status TEXT)")
with httpx.Client(headers={"Ocp-Apim-Subscription-Key": "x"}) as client:
    for number in range(polls):
        status = json.loads(client.get(f"{endpoint}/face/v1.0/operations/x").content)["status"]
        database.execute("INSERT OR REPLACE INTO operations VALUES (?, ?)", (number % 1000, status))
"""
LIMIT = 1.5  # times the CPU a poll of that


def report() -> str:
    return f"{_waste()}\n{_many_in_one_process()}"


def _waste() -> str:
    rows = []
    for duration_s in DURATIONS_S:
        # Ends that fall anywhere between two looks: the mean and the worst of a hundred, up to a tenth shorter.
        waits = [(end, wait({0: end})) for end in (duration_s * (1 - part / 1000) for part in range(100))]
        wasted = [seen.found[0] - end for end, seen in waits]
        looks = max(len(seen.polls) for _, seen in waits)
        known = wait({0: duration_s}, estimate_s=duration_s)
        rows.append(
            [
                format_duration(duration_s),
                looks,
                f"{sum(wasted) / len(wasted):.1f}",
                f"{max(wasted):.1f}",
                f"{known.found[0] - duration_s:.1f}",
            ]
        )
    ten = wait({number: 600.0 + number for number in range(10)}, limiter=True)
    busiest = max(sum(1 for look in ten.polls if start <= look < start + 60) for start in ten.polls)
    worst = max(ten.found[number] - 600.0 - number for number in range(10))
    return (
        "### Waste and number of looks, on a simulated clock\n\n"
        + table(["operation takes", "looks", "wasted, s (mean)", "(worst)", "(its duration known)"], rows)
        + f"\nTen operations of ten minutes at the free tier's 20 calls a minute: {len(ten.polls)} looks, at most "
        f"{busiest} in any minute, at most {worst:.0f} s wasted.\n"
    )


def _many_in_one_process() -> str:
    with scratch() as directory, slow_server(RUNNING_S) as (endpoint, polls):
        environment = {"FACESNAP_STATE_DIR": str(directory), "FACESNAP_CONFIG": str(directory / "config.toml")}
        profile = f'[profiles.p]\nendpoint = "{endpoint}"\nkey = "x"\nrate_limit = "none"\n'
        (directory / "config.toml").write_text(profile)
        (directory / "config.toml").chmod(0o600)
        _fill_journal(directory, endpoint)
        waiting = [sys.executable, "-m", "facesnap_cli", "wait", "--poll-interval", "1s", "-o", "none", "-q"]
        own = cost_of(waiting, environment)
        number = polls()
        bare = cost_of([sys.executable, "-c", BARE, endpoint, str(number), str(directory / "bare.db")])
    ratio = own.cpu_s / bare.cpu_s
    verdict = f"{LIMIT:g} × the CPU: {ratio:.2f}, {'held' if ratio <= LIMIT else 'MISSED'}"
    rows = [
        [who, number, f"{cost.cpu_s / number * 1000:.2f}", f"{cost.peak_mib:.0f}", limit]
        for who, cost, limit in (
            ("`facesnap wait`", own, verdict),
            ("one httpx client that commits each status to SQLite, one look after another", bare, ""),
        )
    ]
    return (
        f"### {OPERATIONS:,} operations in one process, a look a second each, for {RUNNING_S:.0f} s\n\n"
        + table(["", "polls", "CPU a poll, ms", "peak memory, MiB", "limit"], rows)
        + f"\nWhole processes, start-up included. All had ended {own.wall_s:.1f} s after the start.\n"
    )


def _fill_journal(directory: Path, endpoint: str) -> None:
    now = datetime.now(UTC)
    with closing(Journal(directory, SystemClock())) as journal:
        for number in range(OPERATIONS):
            intended = Operation.intended(
                OperationKind.TAKE,
                profile="p",
                endpoint=endpoint,
                subscription_id=None,
                object_type="PersonGroup",
                object_id=f"group-{number}",
                owner="",
                now=now,
            )
            journal.save(journal.add(intended).submitted(str(uuid.uuid4()), now))
