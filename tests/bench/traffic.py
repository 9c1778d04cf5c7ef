"""How an export and an import share an account's 10 calls a second with others: emulators with the standard tier.

Each scenario has an emulator of its own, so that they run at the same time. The other client sends at a fixed rhythm,
whatever the service answers it.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.bench.archives import KEYS, configure, draw_images, group_of, requests_since, run
from tests.bench.harness import scratch, table

CALLS_PER_S = 10
FACES = 1500
FACES_BESIDE_MANY = 1000
EXPORT = ("export", "-t", "LargePersonGroup", "-i", "bench", "--to")


class Outcome(NamedTuple):
    """What the work of one scenario took, and how many of another client's calls were refused."""

    calls: int
    seconds: float
    others: int = 0
    others_refused: int = 0

    def row(self, what: str, left_per_s: float, limit: float) -> list[str]:
        """Return a line of the table: the share of the calls that others leave must reach `limit`."""
        rate = self.calls / self.seconds
        held = rate / left_per_s >= limit
        refused = f"{self.others_refused / self.others:.1%}" if self.others else ""
        share = f"{rate / left_per_s:.0%}"
        return [what, f"{self.calls:,}", f"{rate:.1f}", share, f"{limit:.0%}, {'held' if held else 'MISSED'}", refused]


def report() -> str:
    with scratch() as directory, ThreadPoolExecutor(len(SCENARIOS)) as threads:
        outcomes = list(threads.map(lambda scenario: scenario(directory), SCENARIOS))
    rows = [
        outcome.row(what, left, limit)
        for outcome, (what, left, limit) in zip(outcomes, SCENARIOS.values(), strict=True)
    ]
    header = ["", "calls", "calls a second", "of what is left", "limit", "the other's calls refused"]
    return (
        "### Sharing an account of the standard tier (10 calls a second)\n\n"
        "At most 1 % of the other client's calls may be refused. All processes exit with 0.\n\n" + table(header, rows)
    )


def export_alone(directory: Path) -> Outcome:
    with _Account(directory / "export", FACES) as account:
        return account.measured(lambda: account.export("a"))


def import_alone(directory: Path) -> Outcome:
    with _Account(directory / "import", FACES // 3) as account:
        archive, images = account.directory / "whole.facesnap", account.directory / "images"
        account.export("plain", profile="unlimited")
        draw_images(account.directory / "plain.facesnap", images)
        run(account.directory, *EXPORT, str(archive), "--images", str(images), "-p", "unlimited")
        return account.measured(lambda: run(account.directory, "import", str(archive), "-p", "target", "-i", "bench"))


def two_exports(directory: Path) -> Outcome:
    with _Account(directory / "two", FACES // 2) as account, ThreadPoolExecutor(2) as threads:
        return account.measured(lambda: list(threads.map(account.export, ("a", "b"))))


def export_beside(directory: Path, faces: int, other_per_s: int) -> Outcome:
    with (
        _Account(directory / f"beside-{other_per_s}", faces) as account,
        _OtherClient(account.endpoint, other_per_s) as other,
    ):
        outcome = account.measured(lambda: account.export("a"))
        return Outcome(outcome.calls - other.answered, outcome.seconds, other.answered + other.refused, other.refused)


SCENARIOS: dict[Callable[[Path], Outcome], tuple[str, float, float]] = {
    export_alone: ("export, alone", CALLS_PER_S, 0.9),
    import_alone: ("import, alone", CALLS_PER_S, 0.9),
    lambda directory: export_beside(directory, FACES, 2): ("export beside 2 calls a second", CALLS_PER_S - 2, 0.75),
    lambda directory: export_beside(directory, FACES_BESIDE_MANY, 5): (
        "export beside 5 calls a second",
        CALLS_PER_S - 5,
        0.75,
    ),
    two_exports: ("two exports in two processes", CALLS_PER_S, 0.8),
}


class _Account(AbstractContextManager["_Account"]):
    """An emulator of the standard tier with one group, and a configuration for it."""

    def __init__(self, directory: Path, persons: int):
        directory.mkdir()
        self.directory = directory
        self._group = group_of(directory, persons, 1, "--tier", "S0")
        self.endpoint = self._group.__enter__()
        configure(directory, self.endpoint, rate_limit="auto")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group.__exit__(kind, error, trace)

    def export(self, name: str, profile: str = "source") -> None:
        run(self.directory, *EXPORT, str(self.directory / f"{name}.facesnap"), "-p", profile)

    def measured(self, work: Callable[[], object]) -> Outcome:
        """Return how many calls the service answered during the work, refused ones apart, and how long they took."""
        before = requests_since(self.endpoint, 0)["total"]
        work()
        answered = [call for call in requests_since(self.endpoint, before)["requests"] if call["status"] != 429]
        first, last = (datetime.fromisoformat(answered[end]["time"]) for end in (0, -1))
        return Outcome(len(answered), (last - first).total_seconds())


class _OtherClient(AbstractContextManager["_OtherClient"]):
    """A program that calls the same account at a fixed rhythm."""

    def __init__(self, endpoint: str, per_s: int):
        self.answered = 0
        self.refused = 0
        self._address = urlsplit(endpoint).netloc
        self._interval_s = 1 / per_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._call)
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _call(self) -> None:
        connection = http.client.HTTPConnection(self._address)
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            connection.request(
                "GET", "/face/v1.0/largepersongroups/bench", headers={"Ocp-Apim-Subscription-Key": KEYS["source"]}
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status == http.client.TOO_MANY_REQUESTS:
                self.refused += 1
            else:
                self.answered += 1
            due += self._interval_s
        connection.close()
