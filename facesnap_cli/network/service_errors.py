"""Turn an unsuccessful response into an error; one of them is the retired snapshot feature."""

from __future__ import annotations

from datetime import datetime

from facesnap_cli.common.errors import (
    ConflictError,
    CredentialsError,
    FacesnapError,
    FeatureMissingError,
    NotFoundError,
    OutcomeUnknownError,
    QuotaError,
    ThrottledError,
    UnreachableError,
    UsageError,
)
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.hints import Hint, Option, command
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.models.endpoints import host_of
from facesnap_cli.network.authentication import NAMELESS, CredentialDescription
from facesnap_cli.network.responses import ErrorBody, Response
from facesnap_cli.network.retry_after import asks_for_hours, requested_delay_s

APPROVAL_FORM = "https://aka.ms/facerecognition"
_SNAPSHOT_ROUTE = "/snapshots"
CHECK_OBJECT = Hint(
    *("check ", Option("--type"), ", ", Option("--object-id"), " and ", Option("--profile"), "; "),
    *(command("objects"), " lists the account's objects"),
)
_LONGEST_REASON = 200
RETIRED = "Microsoft retired Face snapshots on 30 June 2023"


def is_used_up_quota(response: Response) -> bool:
    """Return whether the quota is used up, as opposed to a rate limit that ends in seconds."""
    error_body = ErrorBody.of(response)
    if response.status == 403:
        return error_body.code == "QuotaExceeded" or "quota" in error_body.message.lower()
    if response.status != 429:
        return False
    return "volume quota" in error_body.message.lower() or asks_for_hours(error_body.message)


def error_of(
    response: Response,
    *,
    what: str,
    path: str,
    endpoint: str,
    may_have_acted: bool,
    now: datetime,
    credential: CredentialDescription = NAMELESS,
) -> FacesnapError:
    """Return the error that an unsuccessful response stands for.

    `path` begins after the version. `what` names the request in words ("take PersonGroup employees").
    `may_have_acted`: the request changes something, so a 408 or 5xx leaves its outcome unknown. `credential` is the one
    with which it was sent.
    """
    error_body = ErrorBody.of(response)
    said = error_body.message or harmless(response.reason) or "no reason given"
    named = f"{response.status} {error_body.code}" if error_body.code != str(response.status) else error_body.code
    reason = f"{named.strip()}: {said if len(said) <= _LONGEST_REASON else f'{said[:_LONGEST_REASON]}…'}"
    details: dict[str, object] = {"httpStatus": response.status, "endpoint": endpoint}
    code = "" if error_body.code.isdigit() else error_body.code  # the gateway repeats the status there
    who = credential.owner or host_of(endpoint)

    def error(kind: type[FacesnapError], hint: str | Hint = "", *, cause: str = "") -> FacesnapError:
        rest = "" if said in reason else said
        message = f"{what}: {reason}"
        return kind(message, hint=hint, code=code, details=details, reason=reason, cause=cause, said=rest)

    if response.status == 401:  # the service's own text says less, in 170 characters
        reason = f"the service refuses {credential.name} (401)"
        return error(CredentialsError, credential.mending or f"give a key of {endpoint}", cause=reason)
    if is_used_up_quota(response):
        return error(
            QuotaError,
            "the quota is used up: wait until the service replenishes it, or use another account",
            cause=f"the quota of {who} is used up ({response.status})",
        )
    if code == "UnsupportedFeature":
        if path.lower().startswith(_SNAPSHOT_ROUTE):
            return feature_missing(f"{what}: {reason}", endpoint, said)
        return error(
            CredentialsError,
            f"this subscription is not approved for face identification: apply at {APPROVAL_FORM}",
            cause=f"{who}: {reason}",
        )
    asked_s = requested_delay_s(response, now) if response.status == 429 else None
    asked = f"the service asks to wait {format_duration(asked_s)}; " if asked_s else ""
    by_status: dict[int, tuple[type[FacesnapError], str | Hint]] = {
        400: (UsageError, "the service refused the request as it is; nothing was done"),
        403: (
            CredentialsError,
            Hint(
                "the key is valid but may not do this: check the account's role, firewall and approval, and of a"
                " snapshot its apply scope (",
                command("update", "SNAPSHOT", "--add-scope", "GUID", "--profile", "PROFILE_OF_THE_SOURCE"),
                ")",
            ),
        ),
        404: (NotFoundError, _missing_hint(code)),
        409: (ConflictError, "try again when the other operation has ended" if _is_passing_conflict(code) else ""),
        410: (NotFoundError, "it has expired"),
        429: (ThrottledError, f"{asked}lower the load, or set the profile's rate_limit (20/m fits the free tier)"),
    }
    if response.status in by_status:
        kind, hint = by_status[response.status]
        causes = {403: f"{who}: {reason}", 429: f"the rate limit of {who} is used up (429)"}
        return error(kind, hint, cause=causes.get(response.status, ""))
    if response.status == 408 or response.status >= 500:
        if may_have_acted:
            return error(OutcomeUnknownError)
        hint = "the service kept failing; it is safe to run this again"
        return error(UnreachableError, hint, cause=f"{who}: {reason}")
    if 300 <= response.status < 400:
        return error(
            UnreachableError,
            "redirects are not followed, so that the key stays with its host; fix the endpoint",
            cause=f"{who}: {reason}",
        )
    if 400 <= response.status < 500:
        return error(UnreachableError, "the request was refused and nothing was done; --debug shows the answer")
    return error(UnreachableError if not may_have_acted else OutcomeUnknownError, "--debug shows the answer")


def _is_passing_conflict(code: str) -> bool:
    return "NotFinished" in code or code == "ConcurrentOperationConflict"


def _missing_hint(code: str) -> Hint:
    is_object = code.endswith(("GroupNotFound", "ListNotFound"))
    return CHECK_OBJECT if is_object else Hint()


def feature_missing(text: str, endpoint: str, said: str = "") -> FeatureMissingError:
    """Return the error for an endpoint without the snapshot feature; its hint names what still works."""
    gated = "approval" in said.lower()
    why = "this resource lacks the approval that the message names" if gated else RETIRED
    return FeatureMissingError(
        f"{text} ({why})",
        hint=Hint(
            "facesnap export and facesnap import make the same backup without it; ",
            command("emulator", "start"),
            " has it",
        ),
        code="UnsupportedFeature",
        details={"endpoint": endpoint},
        cause=f"{host_of(endpoint)} has no snapshots: {why}",
        said="" if said in text else said,
    )
