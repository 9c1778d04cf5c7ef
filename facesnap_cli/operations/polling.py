"""Poll operations on a schedule until they end. A pure loop: what fetches an operation is an argument."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from facesnap_cli.common.clock import Clock
    from facesnap_cli.common.errors import FacesnapError

Key = TypeVar("Key", bound=Hashable)
BATCH_WINDOW_S = 0.05


class Schedule(NamedTuple):
    """The delays between polls: 1 s first, then a tenth of the time waited so far, from 1 s to 60 s.

    So at most a tenth of an operation's duration (or 1 s) is wasted after it ends, and four hours cost fewer than
    300 polls. `interval_s` replaces all that by a constant.
    """

    interval_s: float | None = None
    first_s: float = 1.0
    growth: float = 0.1
    longest_s: float = 60.0

    def delay(self, waited_s: float, estimate_s: float | None = None) -> float:
        """Return the seconds until the next poll, `waited_s` after the start.

        `estimate_s` is how long earlier operations on the same object took. The poll just before that moment, or the
        next one after it, moves to right behind it.
        """
        if self.interval_s:
            return self.interval_s
        delay = min(max(self.first_s, self.growth * waited_s), self.longest_s)
        if estimate_s is not None:
            expected = estimate_s * 1.01 + 0.2
            if waited_s < expected < waited_s + delay and expected - waited_s >= 0.2:
                return expected - waited_s
        return delay


class Pending(NamedTuple, Generic[Key]):
    """An operation to wait for: how long it runs already, and how long such ones take, in seconds."""

    key: Key
    age_s: float = 0.0
    estimate_s: float | None = None


class PollResult(NamedTuple):
    """The result of one poll: an end, no end yet, or a failure to fetch, which is `final` or may pass."""

    finished: bool
    failure: FacesnapError | None = None
    final: bool = False


def poll(
    pending: Iterable[Pending[Key]],
    fetch: Callable[[Sequence[Key]], Mapping[Key, PollResult]],
    *,
    clock: Clock,
    schedule: Schedule,
    deadline: float | None = None,
    enough: Callable[[], bool] = lambda: False,
    patience_s: float = 300.0,
) -> dict[Key, FacesnapError | None]:
    """Poll operations until each has ended, `deadline` (monotonic) passes, or `enough()`.

    Returns None for each operation that ended, and the failure for each that could not be fetched for `patience_s`. An
    operation that still runs is not in the result. `fetch` gets all operations that are due at about the same time.
    After a failure, the next poll comes at the schedule's pace.
    """
    start = clock.monotonic()
    known = {entry.key: entry for entry in pending}
    first_s = schedule.delay(0.0)
    due = [(start + max(0.0, first_s - entry.age_s), number, key) for number, (key, entry) in enumerate(known.items())]
    heapq.heapify(due)
    failing_since: dict[Key, float] = {}
    outcome: dict[Key, FacesnapError | None] = {}
    while due and not enough():
        if deadline is not None and due[0][0] > deadline:
            clock.sleep(deadline - clock.monotonic())
            break
        clock.sleep(due[0][0] - clock.monotonic())
        batch: list[tuple[int, Key]] = []
        while due and due[0][0] <= clock.monotonic() + BATCH_WINDOW_S:
            _, number, key = heapq.heappop(due)
            batch.append((number, key))
        results = fetch([key for _, key in batch])
        for number, key in batch:
            result, now = results[key], clock.monotonic()
            if result.finished:
                outcome[key] = None
                continue
            if result.failure is None:
                failing_since.pop(key, None)
            elif now - failing_since.setdefault(key, now) >= patience_s or result.final:
                outcome[key] = result.failure
                continue
            entry = known[key]
            waited = entry.age_s + now - start
            heapq.heappush(due, (now + schedule.delay(waited, entry.estimate_s), number, key))
    return outcome
