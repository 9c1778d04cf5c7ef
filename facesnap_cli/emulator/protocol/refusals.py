"""What the service answers when it does not do what it was asked."""

from __future__ import annotations

from typing import Literal

Envelope = Literal["error", "gateway"]


class ServiceError(Exception):
    """A refusal. `envelope` "error" gives {"error": {"code", "message"}}, "gateway" {"statusCode", "message"}.

    `retry_after` becomes the Retry-After header: seconds, or an HTTP date.
    """

    def __init__(
        self, status: int, code: str, message: str, *, envelope: Envelope = "error", retry_after: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.envelope = envelope
        self.retry_after = retry_after

    def document(self) -> dict[str, object]:
        """Return the body of the answer."""
        if self.envelope == "gateway":
            return {"statusCode": self.status, "message": self.message}
        return {"error": {"code": self.code, "message": self.message}}


def bad_argument(message: str) -> ServiceError:
    """400 BadArgument."""
    return ServiceError(400, "BadArgument", message)


def access_denied() -> ServiceError:
    """401 for a missing or unknown key."""
    return ServiceError(
        401,
        "401",
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for"
        " an active subscription and use a correct regional API endpoint for your resource.",
    )


def resource_not_found() -> ServiceError:
    """404 for a path or method that the gateway does not know."""
    return ServiceError(404, "404", "Resource not found")


def quota_exceeded(message: str) -> ServiceError:
    """403 QuotaExceeded: a number of groups, persons or faces is used up."""
    return ServiceError(403, "QuotaExceeded", message)


def rate_exceeded(wait_s: int) -> ServiceError:
    """429 with the seconds to wait in the message and in Retry-After."""
    return ServiceError(429, "429", f"Rate limit is exceeded. Try again in {wait_s} seconds.", retry_after=str(wait_s))


def volume_exhausted(days: float) -> ServiceError:
    """403 in the gateway's envelope: the takes or applies of this day or month are used up."""
    message = f"Out of call volume quota. Quota will be replenished in {days:.2f} days."
    return ServiceError(403, "403", message, envelope="gateway")


def unsupported_feature(message: str = "Feature is not supported.") -> ServiceError:
    """403 UnsupportedFeature."""
    return ServiceError(403, "UnsupportedFeature", message)


MISSING_APPROVAL = (
    "Feature is not supported, missing approval for one or more of the following features:"
    " Identification, Verification."
)


def person_not_found(person_id: str) -> ServiceError:
    """404 PersonNotFound."""
    return ServiceError(404, "PersonNotFound", f"Person {person_id} is not found.")


def face_not_found() -> ServiceError:
    """404 PersistedFaceNotFound."""
    return ServiceError(404, "PersistedFaceNotFound", "Persisted face is not found.")


def snapshot_not_found() -> ServiceError:
    """404 for a snapshot that never was, was deleted, has expired, or is out of the caller's scope."""
    return ServiceError(404, "SnapshotNotFound", "Snapshot is not found.")


def operation_not_found() -> ServiceError:
    """404 for an operation of another account, or none."""
    return ServiceError(404, "OperationNotFound", "Operation is not found.")


def not_permitted(message: str) -> ServiceError:
    """403 for a snapshot that the caller may see but not change or apply."""
    return ServiceError(403, "Forbidden", message)
