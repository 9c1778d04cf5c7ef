"""Describe operations: the service's status, the journal's record, and each change of state."""

from __future__ import annotations

import enum
import re
import uuid
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from facesnap_cli.common.patterns import pattern
from facesnap_cli.common.time_format import format_time
from facesnap_cli.models.identity import Resource
from facesnap_cli.models.ids import OBJECT_ID, is_guid
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.wire_values import Fields, unreadable

_RESOURCE_LOCATION = pattern(r"(?:https?://[^/?#]+)?/?(?:face/v[^/?#]*/)?([a-z]+)/([^/?#]+)/?", re.IGNORECASE)


class OperationKind(enum.StrEnum):
    """Whether an operation takes a snapshot or applies one."""

    TAKE = "take"
    APPLY = "apply"


class OperationStatus(enum.StrEnum):
    """An operation's status: the service's four, and `unknown` if the response never came."""

    NOT_STARTED = "notStarted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool:
        return self not in (OperationStatus.SUCCEEDED, OperationStatus.FAILED)


class OperationResponse(NamedTuple):
    """The body of `OperationStatus - Get`, read from any dialect. Times are UTC."""

    status: OperationStatus
    created_time: datetime | None
    last_action_time: datetime | None
    finished_time: datetime | None
    resource_location: str | None
    message: str | None

    @classmethod
    def from_wire(cls, body: object) -> Self:
        """Read the body. Raises UnreachableError if it has no known status.

        A resource location is kept only on success, because the service sends misleading ones before.
        """
        fields = Fields(body, "an operation status")
        text = fields.required_text("status").lower()
        known = {status.value.lower(): status for status in OperationStatus if status is not OperationStatus.UNKNOWN}
        if text not in known:
            raise unreadable("the service answered something that is not an operation status")
        locations = (fields.short_text("resourceLocation"), fields.short_text("location"))
        return cls(
            status=known[text],
            created_time=fields.time("createdTime"),
            last_action_time=fields.time("lastActionTime"),
            finished_time=fields.time("finishedTime"),
            resource_location=locations[0] or locations[1] if known[text] is OperationStatus.SUCCEEDED else None,
            message=fields.short_text("message"),
        )


# After so long an operation that has left no trace is taken for one that never reached the service:
# takes run for hours at most, applies for one.
GIVE_UP_AFTER = {OperationKind.TAKE: timedelta(hours=12), OperationKind.APPLY: timedelta(hours=2)}


class OperationState(enum.StrEnum):
    """The state of an operation in the journal.

    intended: committed before the request was sent. submitted: the service gave an id. unknown: sent, no response.
    adopted: the response was lost, the result was found. abandoned: no trace was found for so long that facesnap
    assumes that the request never arrived.
    """

    INTENDED = "intended"
    SUBMITTED = "submitted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    ADOPTED = "adopted"
    ABANDONED = "abandoned"

    @property
    def is_open(self) -> bool:
        return self in (self.INTENDED, self.SUBMITTED, self.RUNNING, self.UNKNOWN)

    @property
    def status(self) -> OperationStatus:
        """The status that users see."""
        return {
            self.SUBMITTED: OperationStatus.NOT_STARTED,
            self.RUNNING: OperationStatus.RUNNING,
            self.SUCCEEDED: OperationStatus.SUCCEEDED,
            self.ADOPTED: OperationStatus.SUCCEEDED,
            self.FAILED: OperationStatus.FAILED,
            self.ABANDONED: OperationStatus.FAILED,
        }.get(self, OperationStatus.UNKNOWN)


OPEN_STATES = tuple(state for state in OperationState if state.is_open)


class Job(NamedTuple):
    """A run of a copy, whose steps are takes and applies. `time` is when it began (UTC, whole seconds)."""

    key: str
    time: datetime


class Operation(NamedTuple):
    """A take or apply as the journal records it. Times are UTC; `intent` names it before it has an id.

    `profile` was chosen; if the environment replaced its key, `key_digest` tells the account, as without a profile.
    `job_key` and `job_time` belong to the copy whose step it is. `verified_time` of an apply is when its result was
    found equal to its source; of a take, when all of its copy was done.
    """

    intent: str
    kind: OperationKind
    state: OperationState
    profile: str | None
    endpoint: str
    subscription_id: str | None
    object_type: str
    object_id: str
    snapshot_id: str | None
    operation_id: str | None
    tagged: bool
    user_data_digest: str | None
    owner: str
    intended_time: datetime
    submitted_time: datetime | None = None
    polled_time: datetime | None = None
    created_time: datetime | None = None
    last_action_time: datetime | None = None
    finished_time: datetime | None = None
    resource_location: str | None = None
    message: str | None = None
    job_key: str | None = None
    job_time: datetime | None = None
    verified_time: datetime | None = None
    key_digest: str | None = None

    @classmethod
    def intended(
        cls,
        kind: OperationKind,
        *,
        profile: str | None,
        endpoint: str,
        subscription_id: str | None,
        object_type: str,
        object_id: str,
        owner: str,
        now: datetime,
        key_digest: str | None = None,
        intent: str = "",
        snapshot_id: str | None = None,
        user_data_digest: str | None = None,
        tagged: bool = False,
        job: Job | None = None,
    ) -> Self:
        """Return an operation that the process `owner` is about to send; the owner "" means that it was only found."""
        return cls(
            intent=intent or new_intent(),
            kind=kind,
            state=OperationState.INTENDED,
            profile=profile,
            endpoint=endpoint,
            subscription_id=subscription_id,
            object_type=object_type,
            object_id=object_id,
            snapshot_id=snapshot_id,
            operation_id=None,
            tagged=tagged,
            user_data_digest=user_data_digest,
            owner=owner,
            intended_time=now,
            job_key=job.key if job else None,
            job_time=job.time if job else None,
            key_digest=key_digest,
        )

    @property
    def reference(self) -> str:
        """The name that a user gives to `wait`: the operation id, or the intent before there is one."""
        return self.operation_id or self.intent

    @property
    def resource(self) -> Resource:
        """The account that it was sent to, as far as the record knows it."""
        profile = None if self.key_digest else self.profile
        return Resource(self.endpoint, profile, self.subscription_id, key_digest=self.key_digest)

    @property
    def job(self) -> Job | None:
        """The copy whose step the operation is."""
        return Job(self.job_key, self.job_time) if self.job_key and self.job_time else None

    @property
    def is_recognizable(self) -> bool:
        """Whether its result can be identified: a take without user data makes a snapshot that nothing marks."""
        return self.kind is OperationKind.APPLY or self.tagged or self.user_data_digest is not None

    @property
    def has_succeeded(self) -> bool:
        return self.state.status is OperationStatus.SUCCEEDED

    @property
    def failed_or_abandoned(self) -> bool:
        """Whether it ended without a result."""
        return self.state in (OperationState.FAILED, OperationState.ABANDONED)

    @property
    def title(self) -> str:
        """The operation in words: `take PersonGroup employees`."""
        return f"{self.kind.value} {self.object_type} {self.object_id}" if self.object_id else "operation"

    @property
    def started_time(self) -> datetime:
        """The time of its start, by the service's clock if that is known. An adopted take has its snapshot's time."""
        adopted_time = self.finished_time if self.state is OperationState.ADOPTED else None
        return self.created_time or adopted_time or self.intended_time

    def elapsed_s(self, now: datetime) -> float:
        """Return how long the operation took, or has been running at `now`, from times of one clock only."""
        if not self.state.is_open and self.created_time and (end := self.finished_time or self.last_action_time):
            return max(0.0, (end - self.created_time).total_seconds())
        start = self.submitted_time or self.intended_time
        end = now if self.state.is_open else self.polled_time or start
        return max(0.0, (end - start).total_seconds())

    def submitted(self, operation_id: str, now: datetime) -> Self:
        """Return the operation after the service accepted it and gave an id."""
        return self._replace(state=OperationState.SUBMITTED, operation_id=operation_id, submitted_time=now)

    def polled(self, response: OperationResponse, now: datetime) -> Self:
        """Return the operation after a poll."""
        state = {
            OperationStatus.NOT_STARTED: OperationState.SUBMITTED,
            OperationStatus.RUNNING: OperationState.RUNNING,
            OperationStatus.SUCCEEDED: OperationState.SUCCEEDED,
            OperationStatus.FAILED: OperationState.FAILED,
        }[response.status]
        return self._replace(
            state=state,
            polled_time=now,
            created_time=response.created_time,
            last_action_time=response.last_action_time,
            finished_time=response.finished_time,
            resource_location=response.resource_location,
            message=response.message,
            **self._completed_by(response.resource_location),
        )

    def adopted(
        self, resource_location: str, finished_time: datetime | None, now: datetime, message: str | None = None
    ) -> Self:
        """Return the operation after its lost result was found; `message` names what is uncertain."""
        return self._replace(
            state=OperationState.ADOPTED,
            resource_location=resource_location,
            finished_time=finished_time,
            polled_time=now,
            message=message,
            **self._completed_by(resource_location),
        )

    def lost(self, message: str, now: datetime) -> Self:
        """Return the operation without any knowledge of its result."""
        return self._replace(state=OperationState.UNKNOWN, message=message, polled_time=now)

    def abandoned(self, message: str, now: datetime) -> Self:
        """Return the operation as one whose request never arrived, because it left no trace for long."""
        return self._replace(state=OperationState.ABANDONED, message=message, polled_time=now)

    def _completed_by(self, resource_location: str | None) -> dict[str, Any]:
        """Return the fields that a resource location determines: a take's snapshot.

        If another machine started the operation, its kind and an apply's object too.
        """
        named = _named_by(resource_location)
        if named is None:
            return {}
        object_type, resource_id = named
        if object_type is None:
            return {"snapshot_id": resource_id} if self.kind is OperationKind.TAKE else {}
        if self.object_id:  # the request said what the operation is about
            return {}
        return {"kind": OperationKind.APPLY, "object_type": object_type.value, "object_id": resource_id}

    def document(self, now: datetime) -> dict[str, object]:
        """Return the JSON form. The kind is unknown until the end if another machine started the operation."""
        is_known = bool(self.object_id) or not self.state.is_open
        return {
            "operationId": self.operation_id,
            "kind": self.kind.value if is_known else None,
            "status": self.state.status.value,
            "createdTime": format_time(self.created_time),
            "lastActionTime": format_time(self.last_action_time),
            "finishedTime": format_time(self.finished_time),
            "resourceLocation": self.resource_location,
            "message": self.message,
            "profile": self.profile,
            "objectType": self.object_type or None,
            "objectId": self.object_id or None,
            "snapshotId": self.snapshot_id,
            "elapsedSeconds": round(self.elapsed_s(now), 1),
            "intent": self.intent,
        }


def new_intent() -> str:
    """Return a new name for an operation that has no id yet."""
    return uuid.uuid4().hex


def _named_by(resource_location: str | None) -> tuple[ObjectType | None, str] | None:
    """Return the type and id of what a resource location names; the type is None for a snapshot.

    `/snapshots/GUID` names a snapshot, `/persongroup/ID` an object, also with the version before it or as a URL. Every
    other location names nothing: an object's id may look like a GUID.
    """
    found = _RESOURCE_LOCATION.fullmatch(resource_location or "")
    collection, resource_id = (found[1].lower(), found[2]) if found else ("", "")
    if collection == "snapshots":
        return (None, resource_id.lower()) if is_guid(resource_id) else None
    for object_type in ObjectType:
        if collection.removesuffix("s") == object_type.value.lower() and OBJECT_ID.fullmatch(resource_id):
            return object_type, resource_id
    return None
