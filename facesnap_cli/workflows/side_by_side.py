"""Calls side by side in threads, from which an interruption gets away at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

One = TypeVar("One")
Made = TypeVar("Made")


def side_by_side(
    work: Callable[[One], Made], items: Sequence[One], *, threads: int, stopped: threading.Event
) -> list[Made]:
    """Return what `work` makes of each item, in their order, with so many at once.

    What ends the wait early (a bug in `work`, an Interruption) sets `stopped` and goes on at once: threads that
    still wait for an answer are not waited for.
    """
    pool = ThreadPoolExecutor(max(1, min(threads, len(items))), thread_name_prefix="facesnap")
    try:
        return list(pool.map(work, items))
    except BaseException:
        stopped.set()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
