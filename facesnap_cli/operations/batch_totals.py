"""Sum up a batch in the line that it ends with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from facesnap_cli.common.time_format import format_duration

_WORDS = {"current": "copied already"}


def total_of(outcomes: Iterable[str], elapsed_s: float | None = None, *, deleted: int = 0) -> str:
    """Return how many items had each outcome, as in `24 copied, 1 failed, 3 deleted in 1m02s`.

    The failed items come after the others.
    """
    counts = Counter(outcomes)
    counts["failed"] = counts.pop("failed", 0)
    counts["deleted"] += deleted
    said = ", ".join(f"{number:,} {_WORDS.get(outcome, outcome)}" for outcome, number in counts.items() if number)
    return said if elapsed_s is None or not said else f"{said} in {format_duration(elapsed_s)}"
