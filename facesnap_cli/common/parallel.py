"""Work done side by side, drawn item by item, so that a million items take no memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
_JOIN_S = 0.2  # how often a waiting main thread can take a signal
_GRACE_S = 0.5  # how long an interruption lets answers come in


def each(items: Iterable[Item], work: Callable[[Item], None], *, threads: int) -> None:
    """Call `work` with each item, in `threads` threads. `items` is drawn by one thread at a time.

    The first exception ends it: no further item is begun, those begun are waited for, and it is raised. On an
    interruption they are not waited for.
    """
    source = iter(items)
    drawing = threading.Lock()
    failures: list[BaseException] = []
    stopped = threading.Event()

    def run() -> None:
        try:
            while not stopped.is_set():
                with drawing:
                    try:
                        item = next(source)
                    except StopIteration:
                        return
                work(item)
        except BaseException as failure:  # noqa: BLE001 - raised again where `each` was called
            failures.append(failure)
            stopped.set()

    workers = [threading.Thread(target=run, name=f"facesnap-{number}", daemon=True) for number in range(threads)]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            while worker.is_alive():
                worker.join(_JOIN_S)
    except BaseException:
        stopped.set()
        for worker in workers:
            worker.join(_GRACE_S / threads)
        raise
    if failures:
        raise failures[0]
