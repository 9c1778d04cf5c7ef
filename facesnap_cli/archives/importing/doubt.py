"""Send the requests that change an object, and keep each in doubt until its effect is known.

A request without a response may still take effect until its time limit has passed, so nothing is sent again before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from facesnap_cli.archives.importing.import_items import Request
from facesnap_cli.archives.importing.import_state import ImportState
from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import FacesnapError, Interruption, OutcomeUnknownError
from facesnap_cli.common.progress import Progress

DOUBT_S = 60.0  # how long a request without a response may take effect after its time limit
LOOK_AGAIN_S = 5.0  # between two looks for the effect of such a request
IN_DOUBT = "waiting until requests without a response can have no effect any more"
Result = TypeVar("Result")


class Doubts:
    """The requests in doubt of one import, which its state records. Safe for several threads."""

    def __init__(self, state: ImportState, clock: Clock, progress: Progress, http_timeout_s: float):
        self._state = state
        self._clock = clock
        self._progress = progress
        self._duration = timedelta(seconds=http_timeout_s + DOUBT_S)

    def send(self, request: Request, send: Callable[[Callable[[], None]], Result]) -> Result:
        """Send a request. It stays in doubt if no response comes, or if the program is killed."""
        try:
            return send(lambda: self._state.sending(request, self._clock.now(), self._duration))
        except OutcomeUnknownError:
            raise
        except FacesnapError:
            self._state.settle(request)
            raise
        except Interruption as interruption:
            if interruption.nothing_sent:
                self._state.settle(request)
            raise

    def left_s(self, step: str) -> float | None:
        """Return for how long any request of a step may still take effect; None if none is in doubt."""
        return self._state.doubt_left_s(step, self._clock.now())

    def takes_effect(self, step: str, has_appeared: Callable[[], bool]) -> bool:
        """Return whether the effect of a step's request is there. If not, look until it can take effect no more."""
        while True:
            left_s = self.left_s(step)
            appeared = has_appeared()
            if appeared or not left_s:
                self._state.settle_all(step)
                return appeared
            self._progress.begin(IN_DOUBT)
            self._clock.sleep(min(left_s, LOOK_AGAIN_S))

    def outlast(self, step: str) -> bool:
        """Wait until no request of a step can take effect any more; return whether any was in doubt."""
        left_s = self.left_s(step)
        if left_s is None:
            return False
        self._progress.begin(IN_DOUBT)
        self._clock.sleep(left_s)
        return True
