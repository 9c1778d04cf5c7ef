"""Count the items of a step: the interface of whatever shows the numbers, and the numbers in words."""

from __future__ import annotations

import threading
from typing import Protocol

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.escape import format_duration


class Counting(Protocol):
    """Shows how far a work of many items is, step by step. `advance` may be called from several threads."""

    def begin(self, step: str, total: int | None = None) -> None: ...

    def advance(self, number: int = 1) -> None: ...

    def close(self) -> None: ...


class NoCounting:
    """For `--quiet`."""

    def begin(self, step: str, total: int | None = None) -> None:
        return

    def advance(self, number: int = 1) -> None:
        return

    def close(self) -> None:
        return


class Tally:
    """How many items of a step are done, how fast that goes and how long it will take."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self.lock = threading.Lock()
        self.restart("", None)

    def restart(self, step: str, total: int | None) -> None:
        self.step, self.total, self.done = step, total, 0
        self._started = self._clock.monotonic()

    def text(self) -> str:
        """Return the numbers: `300 of 1,000, 9.8/s, about 1m11s left`."""
        elapsed_s = self._clock.monotonic() - self._started
        parts = [f"{self.done:,} of {self.total:,}" if self.total is not None else f"{self.done:,}"]
        if self.done and elapsed_s > 0:
            parts.append(f"{self.done / elapsed_s:.1f}/s")
            if self.total is not None and self.done < self.total:
                parts.append(f"about {format_duration((self.total - self.done) * elapsed_s / self.done)} left")
        return ", ".join(parts)
