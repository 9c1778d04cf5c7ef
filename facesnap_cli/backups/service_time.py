"""Ask a service for its time, because this machine's clock may be wrong by days."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.face_api.account import Account
from facesnap_cli.operations.dependencies import Dependencies


class ServiceTime:
    """The time of one account's service. Safe for several threads.

    If no response has shown it yet, the first call sends a request that only reads, `ask`. If that fails, it is a
    warning, and this machine's clock has to do: an archive on this disk may be judged without a network.
    """

    def __init__(self, account: Account, dependencies: Dependencies, ask: Callable[[], object]):
        self._account = account
        self._dependencies = dependencies
        self._ask = ask
        self._was_asked = False
        self._lock = threading.Lock()

    @property
    def is_known(self) -> bool:
        """Whether a response has shown the service's time: without it nothing is deleted by its age."""
        self.now()
        return self._account.service_clock.ahead is not None

    def now(self) -> datetime:
        """Return the service's time, UTC."""
        clock = self._account.service_clock
        with self._lock:
            if clock.ahead is None and not self._was_asked:
                self._was_asked = True
                try:
                    self._ask()
                except FacesnapError as error:
                    self._dependencies.warn_of(error)
        return clock.now()
