"""How many takes and applies are left today, as far as this journal knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from facesnap_cli.accounts import Account
from facesnap_cli.clock import Clock
from facesnap_cli.journal import Journal
from facesnap_cli.operations import OperationKind

DAILY_LIMIT = 100
WINDOW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quota:
    """What this machine used of a subscription's quota within the window: an estimate, as others may use it too."""

    kind: OperationKind
    used: int

    @property
    def left(self) -> int:
        return max(0, DAILY_LIMIT - self.used)

    def __str__(self) -> str:
        plural = {OperationKind.TAKE: "takes", OperationKind.APPLY: "applies"}[self.kind]
        return f"{self.used} {plural} in 24 h are known here, about {self.left} of {DAILY_LIMIT} are left"


def quota(account: Account, journal: Journal, clock: Clock, kind: OperationKind) -> Quota:
    """Count what the journal knows of the account's subscription. Free accounts have 100 a month, not a day."""
    used = journal.submitted_since(
        kind, clock.now() - WINDOW, subscription_id=account.subscription_id, endpoint=account.endpoint
    )
    return Quota(kind, used)
