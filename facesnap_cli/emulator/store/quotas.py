"""Limit the takes and applies of each subscription."""

from __future__ import annotations

from datetime import datetime, timedelta

from facesnap_cli.emulator.clock import moment
from facesnap_cli.emulator.limits import Tier
from facesnap_cli.emulator.protocol.service_errors import volume_exhausted
from facesnap_cli.emulator.store.state import State


class Quotas:
    """Counts the accepted takes and applies of each UTC day (tier S0) or UTC month (tier F0)."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._db = state.connection

    def use(self, subscription: str, action: str, tier: Tier) -> None:
        """Count one take or apply, in the caller's transaction. Raises ServiceError 403 if none is left."""
        now = moment(self._state.now())
        start = now.replace(hour=0, minute=0, second=0)
        period = f"{start:%Y-%m-%d}" if tier.period == "day" else f"{start:%Y-%m}"
        row = self._db.execute(
            "SELECT used FROM quotas WHERE subscription = ? AND action = ? AND period = ?",
            (subscription.lower(), action, period),
        ).fetchone()
        used = 0 if row is None else int(row["used"])
        if used >= tier.snapshots:
            raise volume_exhausted((_period_end(start, tier) - now) / timedelta(days=1))
        self._db.execute(
            "INSERT OR REPLACE INTO quotas VALUES (?, ?, ?, ?)", (subscription.lower(), action, period, used + 1)
        )


def _period_end(start: datetime, tier: Tier) -> datetime:
    """Return the end of the period that contains the day `start`."""
    if tier.period == "day":
        return start + timedelta(days=1)
    return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
