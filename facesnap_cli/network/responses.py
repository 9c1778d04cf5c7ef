"""An HTTP answer of the service, and what an answer that is no success means. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

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
from facesnap_cli.common.escape import format_duration, harmless

RETIRED = "Microsoft retired Face snapshots on 30 June 2023"
_WAIT = re.compile(r"(?:try again in|replenished in)\s+(\d{1,9}(?:\.\d+)?)\s*(second|minute|hour|day)s?", re.IGNORECASE)
_TIMED_WAIT = re.compile(r"(?:try again in|replenished in)\s+(\d{1,4}):(\d\d):(\d\d)", re.IGNORECASE)
_UNIT_S = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_SHOWN_MESSAGE_CHARS = 500
_MOST_COMPLAINT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: status, headers (names in lower case) and the body, whole and of bounded size."""

    status: int
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """Return the decoded body. Raises UnreachableError where it is not JSON."""
        try:
            return _decoded(self.body)
        except (ValueError, RecursionError):
            kind = harmless(self.headers.get("content-type", "no content type"))[:80]
            raise UnreachableError(
                f"the service answered {self.status} with something that is not JSON ({kind})",
                code="BadAnswer",
                hint="a proxy or a captive portal may have answered; --debug shows the answer",
            ) from None

    @property
    def is_success(self) -> bool:
        """Whether all of it was done. 206 is a part of an answer that was asked for as a whole."""
        return 200 <= self.status < 300 and self.status != 206


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer as `--debug` and `--raw` show them; the key is not in it."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    answer: Answer | None
    error: str
    elapsed_s: float
    key_header: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error body says, from either envelope: `{"error": {…}}` or the gateway's bare one."""

    code: str
    message: str

    @classmethod
    def of(cls, answer: Answer) -> Complaint:
        try:
            body = _decoded(answer.body) if len(answer.body) <= _MOST_COMPLAINT_BYTES else None
        except (ValueError, RecursionError):
            body = None
        inner = body.get("error", body) if isinstance(body, dict) else {}
        inner = inner if isinstance(inner, dict) else {}
        code = inner.get("code", inner.get("statusCode", ""))
        message = inner.get("message", "")
        code = str(code) if isinstance(code, str | int) else ""
        return cls(harmless(code)[:100], harmless(message)[:_SHOWN_MESSAGE_CHARS] if isinstance(message, str) else "")


def _decoded(body: bytes) -> Any:
    """Return the JSON in a body. It is UTF-8: another encoding could hide from whoever looks for a key in the bytes."""
    return json.loads(body.decode("utf-8-sig", "surrogatepass"))


def asked_delay_s(answer: Answer, now: datetime) -> float | None:
    """Return the seconds that the answer asks to wait: its Retry-After (seconds or a date), else its message's."""
    from email.utils import parsedate_to_datetime

    header = answer.headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit() and len(header) < 10:
        return float(header)
    try:
        moment = parsedate_to_datetime(header) if header else None
    except (ValueError, OverflowError):
        moment = None
    if moment is not None:
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    message = Complaint.of(answer).message
    if found := _WAIT.search(message):
        return float(found[1]) * _UNIT_S[found[2].lower()]
    if timed := _TIMED_WAIT.search(message):
        return float(int(timed[1]) * 3600 + int(timed[2]) * 60 + int(timed[3]))
    return None


def is_used_up_quota(answer: Answer) -> bool:
    """Tell a used-up quota, which is not worth a retry, from a rate limit that passes in seconds."""
    complaint = Complaint.of(answer)
    if answer.status == 403:
        return complaint.code == "QuotaExceeded" or "quota" in complaint.message.lower()
    if answer.status != 429:
        return False
    found = _WAIT.search(complaint.message)
    return "volume quota" in complaint.message.lower() or bool(found and found[2].lower() in ("hour", "day"))


def error_of(
    answer: Answer, *, what: str, endpoint: str, may_have_acted: bool, now: datetime, keys_refused: int = 0
) -> FacesnapError:
    """Return the error that an answer without success stands for.

    `what` names the request in words ("take PersonGroup employees"). `may_have_acted` says that the request
    changes something, so that a 408 or 5xx leaves its outcome unknown. `keys_refused` counts those tried in vain.
    """
    complaint = Complaint.of(answer)
    said = complaint.message or harmless(answer.reason) or "no reason given"
    named = f" {complaint.code}" if complaint.code not in ("", str(answer.status)) else ""
    both = " (both the first and the second key were refused)" if answer.status == 401 and keys_refused > 1 else ""
    text = f"{what}: {answer.status}{named}: {said}{both}"
    details: dict[str, object] = {"httpStatus": answer.status, "endpoint": endpoint}
    code = "" if complaint.code.isdigit() else complaint.code  # the gateway repeats the status there

    def error(kind: type[FacesnapError], hint: str = "") -> FacesnapError:
        return kind(text, hint=hint, code=code, details=details)

    if is_used_up_quota(answer):
        return error(QuotaError, "the quota is used up: wait until the service replenishes it, or use another account")
    if code == "UnsupportedFeature":
        return feature_missing(text, endpoint, said)
    asked_s = asked_delay_s(answer, now) if answer.status == 429 else None
    asked = f"the service asks to wait {format_duration(asked_s)}; " if asked_s else ""
    by_status = {
        400: (UsageError, "the service refused the request as it is; nothing was done"),
        401: (
            CredentialsError,
            f"check that {'the keys belong' if both else 'the key belongs'} to {endpoint}: facesnap config show",
        ),
        403: (
            CredentialsError,
            "the key is valid but may not do this: check the account's role, firewall and approval, and of a snapshot"
            " its apply scope (facesnap update SNAPSHOT --add-scope GUID, with the source's profile)",
        ),
        404: (NotFoundError, _missing_hint(code)),
        409: (ConflictError, "try again when the other operation has ended" if _is_passing_conflict(code) else ""),
        410: (NotFoundError, "it has expired"),
        429: (ThrottledError, f"{asked}lower the load, or set the profile's rate_limit (20/m fits the free tier)"),
    }
    if answer.status in by_status:
        kind, hint = by_status[answer.status]
        return error(kind, hint)
    if answer.status == 408 or answer.status >= 500:
        if may_have_acted:
            return error(OutcomeUnknownError)
        return error(UnreachableError, "the service kept failing; it is safe to run this again")
    if 300 <= answer.status < 400:
        return error(
            UnreachableError, "redirects are not followed, so that the key stays with its host; fix the endpoint"
        )
    if 400 <= answer.status < 500:
        return error(UnreachableError, "the request was refused and nothing was done; --debug shows the answer")
    return error(UnreachableError if not may_have_acted else OutcomeUnknownError, "--debug shows the answer")


def _is_passing_conflict(code: str) -> bool:
    return "NotFinished" in code or code == "ConcurrentOperationConflict"


def _missing_hint(code: str) -> str:
    is_object = code.endswith(("GroupNotFound", "ListNotFound"))
    return "check --type, --object-id and --profile; ids are of one account" if is_object else ""


def feature_missing(text: str, endpoint: str, said: str = "") -> FeatureMissingError:
    """Return the error for an endpoint without the snapshot feature, which names what still works."""
    gated = "approval" in said.lower()
    why = "this resource lacks the approval that the message names" if gated else RETIRED
    return FeatureMissingError(
        f"{text} ({why})",
        hint="facesnap export and facesnap import make the same backup without it; facesnap emulator start has it",
        code="UnsupportedFeature",
        details={"endpoint": endpoint},
    )
