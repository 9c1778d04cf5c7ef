"""How far an export or import is, noted in the list beside what the screen shows."""

from __future__ import annotations

from collections.abc import Callable

from facesnap_cli.common.clock import Clock
from facesnap_cli.display.progress import Counting, Tally

_NOTE_EVERY_S = 5.0
_NOTE_AGAIN_S = 60.0  # after a note that could not be written, which may have taken a while


class NotedCounting:
    """Shows how far the work is, and notes it every few seconds. `note` tells whether it could."""

    def __init__(self, shown: Counting, clock: Clock, note: Callable[[str], bool]):
        self._shown = shown
        self._clock = clock
        self._note = note
        self._tally = Tally(clock)
        self._due_at = 0.0
        self._can_write = True
        self.advanced = False

    def begin(self, step: str, total: int | None = None) -> None:
        self._shown.begin(step, total)
        with self._tally.lock:
            self._tally.restart(step, total)
            if self._can_write or self._clock.monotonic() >= self._due_at:
                self.write()

    def advance(self, number: int = 1) -> None:
        self._shown.advance(number)
        self.advanced = True
        with self._tally.lock:
            self._tally.done += number
            if self._clock.monotonic() >= self._due_at:
                self.write()

    def close(self) -> None:
        self._shown.close()

    def write(self) -> None:
        """Note how far the work is."""
        self._can_write = self._note(f"{self._tally.step}: {self._tally.text()}")
        self._due_at = self._clock.monotonic() + (_NOTE_EVERY_S if self._can_write else _NOTE_AGAIN_S)
