"""The record of what was called."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from facesnap_cli.emulator.clock import timestamp

# Older calls are forgotten; the counts keep them.
_KEPT = 100_000


@dataclass
class Record:
    """One call. `status` is None where it got no answer; `route` is None for a path that no route has."""

    number: int
    time: int
    method: str
    path: str
    query: str
    account: str | None
    route: str | None
    status: int | None = None

    def document(self) -> dict[str, object]:
        """Return the call as /_emulator/requests shows it."""
        return {
            "number": self.number,
            "time": timestamp(self.time),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "account": self.account,
            "route": self.route,
            "status": self.status,
        }


class Calls:
    """The latest 100,000 calls, and how many there were of each route."""

    def __init__(self) -> None:
        self.total = 0
        self._records: deque[Record] = deque(maxlen=_KEPT)
        self._counts: Counter[str] = Counter()

    def begin(self, now: int, *, method: str, path: str, query: str, account: str | None, route: str | None) -> Record:
        """Note a call at `now` (ticks). The caller fills in the status."""
        self.total += 1
        record = Record(self.total, now, method, path, query, account, route)
        self._records.append(record)
        self._counts[f"{method} {route or path}"] += 1
        return record

    def document(self, since: int = 0) -> dict[str, object]:
        """Return {total, counts, requests}, the requests being those with a number above `since`."""
        return {
            "total": self.total,
            "counts": dict(sorted(self._counts.items())),
            "requests": [record.document() for record in self._records if record.number > since],
        }

    def clear(self) -> None:
        """Forget every call."""
        self.total = 0
        self._records.clear()
        self._counts.clear()
