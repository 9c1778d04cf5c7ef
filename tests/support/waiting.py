"""Wait in tests for what other processes and threads do, without a limit that a loaded machine could reach."""

from __future__ import annotations

import time
from collections.abc import Callable

# Only a hang takes this long. What a test must not wait for (a delay, a sleeping child) lasts HANG_S.
PATIENCE_S = 120.0
HANG_S = 600


def until(condition: Callable[[], object], what: str) -> None:
    """Poll until `condition` holds. Fail with `what` after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
