"""Calls in several threads: an item that raises or hangs does not concern the others, unless the caller says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from facesnap_cli.common.threads import ThreadPool, stop_at_first_error

PATIENCE_S = 30.0  # more than a busy machine needs


class BrokenItemError(Exception):
    """What the broken item raises."""


@pytest.mark.parametrize("threads", [2, 8])
def test_of_eight_items_one_raises_and_one_hangs_and_the_others_finish(threads: int) -> None:
    six_finished = threading.Semaphore(0)

    def work(item: int) -> int:
        if item == 0:
            raise BrokenItemError
        if item == 1:  # hangs until the six others have finished
            for _ in range(6):
                assert six_finished.acquire(timeout=PATIENCE_S)
        else:
            six_finished.release()
        return 10 * item

    results = ThreadPool(threads).run(work, range(8))
    assert isinstance(results[0].exception(), BrokenItemError)
    assert [result.result() for result in results[1:]] == [10, 20, 30, 40, 50, 60, 70]


def test_an_exception_leaves_the_pool_to_its_other_callers() -> None:
    pool = ThreadPool(2)
    [broken] = pool.run(lambda item: 1 // item, [0])
    assert isinstance(broken.exception(), ZeroDivisionError)
    assert [result.result() for result in pool.run(lambda item: 1 // item, [1])] == [1]


def test_bulk_work_that_stops_at_the_first_error_draws_no_more_items() -> None:
    drawn: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1_000_000):
            drawn.append(item)
            yield item

    def work(item: int) -> None:
        if item == 100:
            raise BrokenItemError

    with pytest.raises(BrokenItemError):
        stop_at_first_error(work, items(), threads=4)
    assert 101 <= len(drawn) < 1_000_000


def test_bulk_work_waits_for_the_items_that_have_started() -> None:
    both_started, finished = threading.Barrier(2), threading.Event()

    def work(item: int) -> None:
        both_started.wait(PATIENCE_S)
        if item == 0:
            raise BrokenItemError
        threading.Event().wait(0.05)
        finished.set()

    with pytest.raises(BrokenItemError):
        stop_at_first_error(work, [0, 1], threads=2)
    assert finished.is_set()
