"""Record the calls, for /_emulator/requests."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from facesnap_cli.emulator.clock import timestamp

# Older calls are dropped, but still counted.
_KEPT = 100_000


@dataclass
class RecordedCall:
    """A call. `status` is None without a response, `route` is None if no route has the path."""

    number: int
    time: int
    method: str
    path: str
    query: str
    account: str | None
    route: str | None
    status: int | None = None

    def document(self) -> dict[str, object]:
        """Return the call's JSON in /_emulator/requests."""
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


class RecordedCalls:
    """The latest 100,000 calls, and the number of all calls of each route."""

    def __init__(self) -> None:
        self.total = 0
        self._records: deque[RecordedCall] = deque(maxlen=_KEPT)
        self._counts: Counter[str] = Counter()

    def begin(
        self, now: int, *, method: str, path: str, query: str, account: str | None, route: str | None
    ) -> RecordedCall:
        """Record a call at `now` (ticks). The caller fills in the status."""
        self.total += 1
        record = RecordedCall(self.total, now, method, path, query, account, route)
        self._records.append(record)
        self._counts[f"{method} {route or path}"] += 1
        return record

    def document(self, since: int = 0) -> dict[str, object]:
        """Return {total, counts, requests}. `requests` has the calls with a number above `since`."""
        return {
            "total": self.total,
            "counts": dict(sorted(self._counts.items())),
            "requests": [record.document() for record in self._records if record.number > since],
        }

    def clear(self) -> None:
        """Delete the record of all calls."""
        self.total = 0
        self._records.clear()
        self._counts.clear()
