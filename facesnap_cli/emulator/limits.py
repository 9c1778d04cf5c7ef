"""What each pricing tier allows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from facesnap_cli.emulator.clock import TICKS_PER_S
from facesnap_cli.emulator.container_kinds import Kind
from facesnap_cli.emulator.protocol.refusals import rate_exceeded

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
    """A pricing tier: calls a window, takes and applies a period, and how many of everything.

    `persons` and `faces` map a kind's name to the most that one container holds, `containers` to the most
    that one account holds.
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
    """At most `tier.calls` accepted calls in any `tier.window_s` seconds, for each account by itself."""

    def __init__(self) -> None:
        self._accepted: dict[str, deque[int]] = {}

    def check(self, account: str, tier: Tier, now: int) -> None:
        """Count a call at `now` (ticks). Raises ServiceError 429 where it is one too many; that one does not count."""
        accepted = self._accepted.setdefault(account, deque())
        window = tier.window_s * TICKS_PER_S
        while accepted and accepted[0] <= now - window:
            accepted.popleft()
        if len(accepted) >= tier.calls:
            raise rate_exceeded(-(-(accepted[0] + window - now) // TICKS_PER_S))
        accepted.append(now)


def containers_exceeded(kind: Kind) -> str:
    """The message for one container too many."""
    if kind.name == "LargeFaceList":
        return "Large Face List number reached limit."
    return f"{kind.noun} number reached subscription level limit."
