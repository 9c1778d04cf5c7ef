"""Report how far work is, from code that does not know the screen."""

from __future__ import annotations

from typing import Protocol

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.time_format import format_duration


class Progress(Protocol):
    """Shows how far one piece of work is, such as an export. Called from several threads."""

    def begin(self, step: str, total: int | None = None, *, logged: bool = True) -> None:
        """Start a step, of `total` parts if they can be counted.

        A step that is not `logged` is shown only at a terminal.
        """
        ...

    def advance(self, number: int = 1) -> None:
        """Count parts of the step as done."""
        ...

    def end(self, result: str, *, ok: bool) -> None:
        """Show the result of the work."""
        ...


class NoProgress:
    """Shows nothing, neither steps nor the updates of operations."""

    def begin(self, step: str, total: int | None = None, *, logged: bool = True) -> None:
        return

    def advance(self, number: int = 1) -> None:
        return

    def update(self, operation: object) -> None:
        return

    def end(self, result: str, *, ok: bool) -> None:
        return


_PAUSE_S = 20.0  # without any part done: the rate is measured anew after that
_WINDOW_S = 60.0  # the rate is that of the last one or two windows
_LEAST_S, _LEAST_PARTS = 5.0, 5  # what a rate is concluded from


class Tally:
    """Count the parts of a step that are done, and measure how fast. Not safe for several threads."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self.begin("", None)

    def begin(self, step: str, total: int | None) -> None:
        self.step, self.total, self.done = step, total, 0
        self._advanced_at = self._clock.monotonic()
        self._measured_from = self._measured_next = (self._advanced_at, 0)

    def advance(self, number: int) -> None:
        """Count parts as done."""
        now = self._clock.monotonic()
        self.done += number
        if now - self._advanced_at >= _PAUSE_S:
            self._measured_from = self._measured_next = (now, self.done)
        elif now - self._measured_next[0] >= _WINDOW_S:
            self._measured_from, self._measured_next = self._measured_next, (now, self.done)
        self._advanced_at = now

    def title(self) -> str:
        """Return the step before anything is done: `adding faces, 1,000 in all`."""
        return self.step if self.total is None else f"{self.step}, {self.total:,} in all"

    def numbers(self) -> str:
        """Return how far the step is, for example `300 of 1,000, 9.8/s, about 1m11s left`."""
        parts = [f"{self.done:,} of {self.total:,}" if self.total is not None else f"{self.done:,}"]
        if rate := self._rate():
            parts.append(f"{rate:.1f}/s")
            if self.total is not None and self.done < self.total:
                parts.append(f"about {format_duration((self.total - self.done) / rate)} left")
        return ", ".join(parts)

    def _rate(self) -> float | None:
        """Return the parts a second of the last minutes; None as long as too few tell it."""
        since, done_then = self._measured_from
        elapsed_s, parts = self._advanced_at - since, self.done - done_then
        return parts / elapsed_s if elapsed_s >= _LEAST_S and parts >= _LEAST_PARTS else None

    def __str__(self) -> str:
        return f"{self.step}: {self.numbers()}"
