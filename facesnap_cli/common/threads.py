"""Run calls in several threads, in such a way that an interruption does not wait for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
MOST_THREADS = 256
_POLL_S = 0.2  # how often a waiting main thread can take a signal
_GRACE_S = 0.5  # how long an interruption waits for responses that are under way


class ThreadPool:
    """Threads that many calls share because each thread keeps a connection to each account.

    A thread is started if none is idle.
    """

    def __init__(self, threads: int = MOST_THREADS):
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="facesnap")

    def run(self, work: Callable[[Item], Made], items: Iterable[Item]) -> list[Future[Made]]:
        """Call `work` with each item, and return the finished futures in the order of the items.

        An exception ends its own item alone: `result()` of that future raises it, and the caller decides what it means.
        An interruption is raised at once: items that have not started never start, and running ones are not waited for.
        """
        futures = [self._executor.submit(work, item) for item in items]
        try:
            for future in reversed(futures):  # the last one first: this thread wakes up once, not for each of them
                _wait_for(future)
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        return futures


def stop_at_first_error(work: Callable[[Item], None], items: Iterable[Item], *, threads: int) -> None:
    """Call `work` with each item until one call raises, and raise that exception.

    Items are drawn one at a time, so that a million of them take no memory. After an exception no item is started, and
    running ones are waited for; after an interruption only for a moment.
    """
    source = iter(items)
    drawing = threading.Lock()
    failures: list[BaseException] = []
    stopped = threading.Event()

    def draw_and_work() -> None:
        try:
            while not stopped.is_set():
                with drawing:
                    try:
                        item = next(source)
                    except StopIteration:
                        return
                work(item)
        except BaseException as failure:
            failures.append(failure)
            stopped.set()
            raise

    executor = ThreadPoolExecutor(threads, thread_name_prefix="facesnap")
    futures = [executor.submit(draw_and_work) for _ in range(threads)]
    try:
        for future in futures:
            _wait_for(future)
    except BaseException:
        stopped.set()
        wait(futures, timeout=_GRACE_S)
        raise
    finally:
        executor.shutdown(wait=False)
    if failures:
        raise failures[0]


def _wait_for(future: Future[Made]) -> None:
    """Return when a call has ended."""
    # On Windows, a main thread that waits takes signals only when it wakes up.
    while not future.done():
        wait([future], timeout=_POLL_S)
