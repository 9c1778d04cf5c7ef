"""Define what each pricing tier allows, and limit the rate of requests."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from facesnap_cli.emulator.clock import TICKS_PER_S
from facesnap_cli.emulator.container_kinds import Kind
from facesnap_cli.emulator.protocol.service_errors import rate_exceeded

NAME_LENGTH = 128
USER_DATA_LENGTH = 16 * 1024
FACE_USER_DATA_LENGTH = 1024
PAGE = 1000
FACES_PER_PERSON = 248
IMAGE_BYTES_MIN = 1024
IMAGE_BYTES_MAX = 6 * 1024 * 1024
JSON_BYTES_MAX = 1024 * 1024
SNAPSHOT_LIFE_S = 48 * 3600


@dataclass(frozen=True)
class Tier:
    """The limits of a pricing tier.

    `calls` is the most requests in `window_s` seconds, `snapshots` the most takes, and the most applies, in a `period`.
    By a kind's name, `persons` and `faces` are the most in one container, `containers` the most in one account.
    """

    name: str
    calls: int
    window_s: int
    snapshots: int
    period: Literal["day", "month"]
    containers: dict[str, int]
    persons: dict[str, int]
    faces: dict[str, int]


TIERS = {
    "F0": Tier(
        name="F0",
        calls=20,
        window_s=60,
        snapshots=100,
        period="month",
        containers={"PersonGroup": 1_000, "LargePersonGroup": 1_000, "FaceList": 64, "LargeFaceList": 64},
        persons={"PersonGroup": 1_000, "LargePersonGroup": 1_000},
        faces={"FaceList": 1_000, "LargeFaceList": 1_000},
    ),
    "S0": Tier(
        name="S0",
        calls=10,
        window_s=1,
        snapshots=100,
        period="day",
        containers={
            "PersonGroup": 1_000_000,
            "LargePersonGroup": 1_000_000,
            "FaceList": 64,
            "LargeFaceList": 1_000_000,
        },
        persons={"PersonGroup": 10_000, "LargePersonGroup": 1_000_000},
        faces={"FaceList": 1_000, "LargeFaceList": 1_000_000},
    ),
}


class RateLimit:
    """Accepts at most `tier.calls` requests of each account in any `tier.window_s` seconds."""

    def __init__(self) -> None:
        self._accepted: dict[str, deque[int]] = {}

    def check(self, account: str, tier: Tier, now: int) -> None:
        """Count a request at `now` (ticks). Raises ServiceError 429 if it exceeds the limit."""
        accepted = self._accepted.setdefault(account, deque())
        window = tier.window_s * TICKS_PER_S
        while accepted and accepted[0] <= now - window:
            accepted.popleft()
        if len(accepted) >= tier.calls:  # a refused request does not count
            raise rate_exceeded(-(-(accepted[0] + window - now) // TICKS_PER_S))
        accepted.append(now)


def containers_exceeded(kind: Kind) -> str:
    """Return the message for a container above the limit of its kind."""
    if kind.name == "LargeFaceList":
        return "Large Face List number reached limit."
    return f"{kind.noun} number reached subscription level limit."
