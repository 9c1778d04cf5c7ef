"""Calls side by side in threads, from which an interruption gets away at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

One = TypeVar("One")
Made = TypeVar("Made")
MOST_THREADS = 256


class Crew:
    """Threads that many calls share, as each keeps a connection to each account. One is made when none is idle."""

    def __init__(self, threads: int = MOST_THREADS):
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="facesnap")

    def each(self, work: Callable[[One], Made], items: Sequence[One]) -> list[Made]:
        """Return what `work` makes of each item, in their order, side by side.

        What ends the wait early (a bug in `work`, an Interruption) goes on at once: nothing more is begun, and threads
        that still wait for an answer are not waited for.
        """
        try:
            return list(self._pool.map(work, items))
        except BaseException:
            self._pool.shutdown(wait=False, cancel_futures=True)
            raise
