"""Turn SIGINT and SIGTERM into an exception."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from facesnap_cli.common.errors import Interruption


@contextlib.contextmanager
def signals_as_interruptions() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into an Interruption. A second one ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if caught:
            os._exit(128 + number)
        caught.append(number)
        raise Interruption(number)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
