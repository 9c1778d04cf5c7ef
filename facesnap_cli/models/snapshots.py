"""Describe a snapshot and the tag that facesnap writes into its user data."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from facesnap_cli.common.time_format import format_time
from facesnap_cli.models.identity import subscription_of
from facesnap_cli.models.ids import OBJECT_ID, is_guid
from facesnap_cli.models.wire_values import MOST_CHARS, Fields, unreadable

SNAPSHOT_LIFETIME = timedelta(hours=48)


class Snapshot(NamedTuple):
    """A snapshot as `Snapshot - Get` returns it. Times are UTC."""

    id: str
    account: str
    type: str
    apply_scope: tuple[str, ...]
    user_data: str | None
    created_time: datetime | None
    last_update_time: datetime | None
    object_id: str | None = None

    @classmethod
    def from_wire(cls, body: object) -> Self:
        """Read a snapshot's JSON. Raises UnreachableError if it is not a snapshot."""
        fields = Fields(body, "a snapshot")
        snapshot_id = fields.id("id")
        if not is_guid(snapshot_id):
            raise unreadable("the service answered a snapshot whose id is not a GUID")
        user_data = fields.text("userData") or None
        tag = ProvenanceTag.parse(user_data)
        return cls(
            id=snapshot_id.lower(),
            account=fields.short_text("account") or "",
            type=fields.required_text("type")[:MOST_CHARS],
            apply_scope=fields.texts("applyScope"),
            user_data=user_data,
            created_time=fields.time("createdTime"),
            last_update_time=fields.time("lastUpdateTime"),
            object_id=tag.object_id if tag else None,
        )

    @property
    def certain_created_time(self) -> datetime:
        """The time of creation, for a decision. Raises UnreachableError if the service does not name it."""
        if self.created_time is None:
            raise unreadable(f"the service does not say when snapshot {self.id} was created")
        return self.created_time

    @property
    def subscription_id(self) -> str | None:
        """The subscription that took it, in lower case; None if the service does not name one."""
        return subscription_of(self.account)

    @property
    def expires_time(self) -> datetime | None:
        """48 hours after creation; None if the service does not name the time of creation."""
        try:
            return self.created_time + SNAPSHOT_LIFETIME if self.created_time else None
        except OverflowError:
            return None

    def document(self, now: datetime | None = None) -> dict[str, object]:
        """Return the JSON form: the service's names, then facesnap's additions; with `now` also the time left."""
        left = {"secondsLeft": self._seconds_left(now)} if now else {}
        return {
            "id": self.id,
            "account": self.account,
            "type": self.type,
            "applyScope": list(self.apply_scope),
            "userData": self.user_data,
            "createdTime": format_time(self.created_time),
            "lastUpdateTime": format_time(self.last_update_time),
            "expiresTime": format_time(self.expires_time),
            "objectId": self.object_id,
            **left,
        }

    def _seconds_left(self, now: datetime) -> int | None:
        if self.created_time is None or self.expires_time is None:
            return None
        # The clocks are not aligned: a snapshot may seem to be created in the future.
        return max(0, int((self.expires_time - max(now, self.created_time)).total_seconds()))


class ProvenanceTag(NamedTuple):
    """The tag that facesnap writes into the user data of a take if the user gave none.

    `list` reads the object's id from it. It also identifies the snapshot of a take whose response was lost.
    """

    object_id: str
    intent: str

    @classmethod
    def parse(cls, user_data: str | None) -> Self | None:
        """Return the tag in `user_data`, or None if it is any other text."""
        if not user_data or len(user_data) > 1024 or not user_data.startswith("{"):
            return None
        try:
            tag = json.loads(user_data)
        except (ValueError, RecursionError):
            return None
        object_id, intent = tag.get("objectId"), tag.get("intent")
        if tag.get("facesnap") != 1 or not isinstance(object_id, str) or not isinstance(intent, str):
            return None
        return cls(object_id, intent) if OBJECT_ID.fullmatch(object_id) else None

    def format(self) -> str:
        return json.dumps({"facesnap": 1, "objectId": self.object_id, "intent": self.intent}, separators=(",", ":"))
