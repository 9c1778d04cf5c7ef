"""Define the errors of the service."""

from __future__ import annotations

from typing import Literal

Envelope = Literal["error", "gateway"]


class ServiceError(Exception):
    """An error response.

    Its body is {"error": {"code", "message"}}, or with `envelope` "gateway" {"statusCode", "message"}. `inner` is the
    `innererror` of the error. `retry_after` becomes the Retry-After header: seconds, or an HTTP date.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        envelope: Envelope = "error",
        inner: ServiceError | None = None,
        retry_after: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.envelope = envelope
        self.inner = inner
        self.retry_after = retry_after

    def document(self) -> dict[str, object]:
        """Return the body of the response."""
        if self.envelope == "gateway":
            return {"statusCode": self.status, "message": self.message}
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.inner is not None:
            error["innererror"] = self.inner.document()["error"]
        return {"error": error}


def bad_argument(message: str) -> ServiceError:
    """Return a 400 BadArgument."""
    return ServiceError(400, "BadArgument", message)


def access_denied() -> ServiceError:
    """Return the 401 for a missing or unknown key."""
    return ServiceError(
        401,
        "401",
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for"
        " an active subscription and use a correct regional API endpoint for your resource.",
    )


def token_denied(reason: str) -> ServiceError:
    """Return the 401 for a bearer token that does not pass."""
    return ServiceError(401, "401", f"Access denied due to invalid token: {reason}.")


def resource_not_found() -> ServiceError:
    """Return the 404 for a path or method that the gateway does not know."""
    return ServiceError(404, "404", "Resource not found")


def quota_exceeded(message: str) -> ServiceError:
    """Return the 403 for a group, person or face above a limit."""
    return ServiceError(403, "QuotaExceeded", message)


def rate_exceeded(wait_s: int) -> ServiceError:
    """Return the 429 with the seconds to wait, in the message and in Retry-After."""
    return ServiceError(429, "429", f"Rate limit is exceeded. Try again in {wait_s} seconds.", retry_after=str(wait_s))


def volume_exhausted(days: float) -> ServiceError:
    """Return the 403 for a take or apply above the quota of the day or month."""
    message = f"Out of call volume quota. Quota will be replenished in {days:.2f} days."
    return ServiceError(403, "403", message, envelope="gateway")


def unsupported_feature(message: str = "Feature is not supported.") -> ServiceError:
    """Return a 403 UnsupportedFeature."""
    return ServiceError(403, "UnsupportedFeature", message)


def approval_missing(*, nested: bool) -> ServiceError:
    """Return the 403 for a subscription without approval, as traffic shows it (nested) or as documented."""
    documented = unsupported_feature(
        "Feature is not supported, missing approval for one or more of the following features:"
        " Identification, Verification."
    )
    if not nested:
        return documented
    return ServiceError(403, "InvalidRequest", "Invalid request has been sent.", inner=documented)


def person_unknown() -> ServiceError:
    """Return the 400 of verify for an unknown person."""
    return ServiceError(400, "PersonNotFound", "Person is not found.")


def detected_face_not_found(status: int = 400) -> ServiceError:
    """Return the error for an unknown or expired detected face: 400, but 404 to verify."""
    return ServiceError(status, "FaceNotFound", "Face is not found.")


def several_faces() -> ServiceError:
    """Return the 400 for adding a face from an image that shows more than one."""
    return ServiceError(400, "InvalidImage", "There is more than 1 face in the image.")


def person_not_found(person_id: str) -> ServiceError:
    """Return the 404 for an unknown person."""
    return ServiceError(404, "PersonNotFound", f"Person {person_id} is not found.")


def face_not_found() -> ServiceError:
    """Return the 404 for an unknown persisted face."""
    return ServiceError(404, "PersistedFaceNotFound", "Persisted face is not found.")


def snapshot_not_found() -> ServiceError:
    """Return the 404 for a snapshot that does not exist, or that the caller may not see."""
    return ServiceError(404, "SnapshotNotFound", "Snapshot is not found.")


def operation_not_found() -> ServiceError:
    """Return the 404 for an operation that does not exist, or belongs to another account."""
    return ServiceError(404, "OperationNotFound", "Operation is not found.")


def not_permitted(message: str) -> ServiceError:
    """Return the 403 for a snapshot that the caller may see, but not change or apply."""
    return ServiceError(403, "Forbidden", message)
