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


class Tally:
    """Count the parts of a step that are done. Not safe for several threads."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self.begin("", None)

    def begin(self, step: str, total: int | None) -> None:
        self.step, self.total, self.done = step, total, 0
        self._started = self._clock.monotonic()

    def title(self) -> str:
        """Return the step before anything is done: `adding faces, 1,000 in all`."""
        return self.step if self.total is None else f"{self.step}, {self.total:,} in all"

    def numbers(self) -> str:
        """Return how far the step is, for example `300 of 1,000, 9.8/s, about 1m11s left`."""
        elapsed_s = self._clock.monotonic() - self._started
        parts = [f"{self.done:,} of {self.total:,}" if self.total is not None else f"{self.done:,}"]
        if self.done and elapsed_s > 0:
            parts.append(f"{self.done / elapsed_s:.1f}/s")
            if self.total is not None and self.done < self.total:
                parts.append(f"about {format_duration((self.total - self.done) * elapsed_s / self.done)} left")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.step}: {self.numbers()}"
