"""How many takes and applies a subscription has left."""

from __future__ import annotations

from datetime import datetime, timedelta

from facesnap_cli.emulator.clock import moment
from facesnap_cli.emulator.limits import Tier
from facesnap_cli.emulator.protocol.refusals import volume_exhausted
from facesnap_cli.emulator.store.state import State


class Quotas:
    """Counts accepted takes and applies: by UTC day for S0, by UTC month for F0."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._db = state.connection

    def use(self, subscription: str, action: str, tier: Tier) -> None:
        """Count one take or apply, in the caller's transaction. Raises ServiceError 403 where none is left."""
        now = moment(self._state.now())
        start = now.replace(hour=0, minute=0, second=0)
        period = f"{start:%Y-%m-%d}" if tier.period == "day" else f"{start:%Y-%m}"
        row = self._db.execute(
            "SELECT used FROM quotas WHERE subscription = ? AND action = ? AND period = ?",
            (subscription.lower(), action, period),
        ).fetchone()
        used = 0 if row is None else int(row["used"])
        if used >= tier.snapshots:
            raise volume_exhausted((_next(start, tier) - now) / timedelta(days=1))
        self._db.execute(
            "INSERT OR REPLACE INTO quotas VALUES (?, ?, ?, ?)", (subscription.lower(), action, period, used + 1)
        )


def _next(start: datetime, tier: Tier) -> datetime:
    """Return when the period that holds the day `start` ends."""
    if tier.period == "day":
        return start + timedelta(days=1)
    return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
