"""Every error that facesnap raises on purpose, each with its exit status.

    FacesnapError                1
    ├── OutputError              1    the work is done, but its result could not be printed as requested
    ├── UsageError               2    bad option or value; nothing was sent
    ├── OperationFailedError     3    the service says that the operation failed
    ├── CredentialsError         4    no key, a refused key (401), a key without the right (403)
    ├── NotFoundError            5    no such snapshot, operation or object; or it expired
    ├── ConflictError            6    the target exists; a lock is held; the same take is under way
    ├── QuotaError               7    quota used up
    │   └── ThrottledError       7    the rate limit stayed exceeded through all retries
    ├── StillRunningError        8    --timeout passed
    ├── UnreachableError         9    not reached, or kept failing; nothing was done, safe to run again
    ├── OutcomeUnknownError     10    sent, no response
    ├── PartialFailureError     11    some items of a batch failed
    ├── FeatureMissingError     12    the endpoint has no snapshot feature
    ├── ConfigurationError      13    the configuration file is wrong
    ├── VerificationError       14    source and target differ
    ├── UnhealthyError        any    the status of the first check of `doctor` that failed
    └── InterruptedBySignal 130/143   Ctrl-C, SIGTERM

    Interruption                 (a BaseException, raised by a signal: no handler of errors may swallow it)

An error has the failure and its cause (`message`, more lines in `also`), what to mend (`hint`), the command to go on
with (`resume`), and the object (`details`, with camelCase keys for the JSON form). Only `cli.main` turns an error into
output and an exit status.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import ClassVar, NamedTuple, Self

from facesnap_cli.common.hints import NO_COMMAND, Command, Completion, Hint, as_hint, as_it_is, command_line

GO_ON = "to go on: "


def reason_of(error: Exception) -> str:
    """Return an error in words: one of the system without its number and path."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def reason_with_path(error: Exception) -> str:
    """Return an error in words: one of the system without its number, and with its path if it has one."""
    path = error.filename if isinstance(error, OSError) else None
    return f"{reason_of(error)}: {path}" if path else reason_of(error)


@contextmanager
def naming(subject: str) -> Iterator[None]:
    """Mark the errors of a block as naming this item of a batch, so that nothing names it twice."""
    try:
        yield
    except FacesnapError as error:
        error.subject = error.subject or subject
        raise


class Unknown(NamedTuple):
    """A reference that a user gave, and the kind of thing that it was expected to name.

    The kind is `snapshot`, `operation`, `archive`, `plan` or `item`.
    """

    kind: str
    reference: str


class FacesnapError(Exception):
    """Base of all errors that a user may see. `code` is the service's error code, if it sent one.

    `also` holds more lines for people; programs find their content in `details`. `failures` holds the errors of a
    batch's items, which the JSON form contains whole. `subject` is the item of a batch that the message names already,
    and `reason` the message without it, if that is known. `cause` is the reason in words that name no item, if other
    items may fail for it too; items with the same cause share one message. `said` is the service's own text, if the
    message does not have all of it. `unknown` is a reference that names nothing of its kind; what it is may be known
    elsewhere.
    """

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "Bug"

    def __init__(
        self,
        message: str,
        *,
        hint: str | Hint = "",
        resume: Command = NO_COMMAND,
        code: str = "",
        details: dict[str, object] | None = None,
        also: Sequence[str | Hint] = (),
        failures: Sequence[FacesnapError] = (),
        subject: str = "",
        reason: str = "",
        cause: str = "",
        said: str = "",
        unknown: Unknown | None = None,
    ):
        super().__init__(message)
        self.message = message
        self.also = tuple(as_hint(line) for line in also)
        self.hint = as_hint(hint)
        self.resume = resume
        self.code = code or self.default_code
        self.details = details or {}
        self.failures = tuple(failures)
        self.subject = subject
        self.reason = reason
        self.cause = cause
        self.said = said
        self.unknown = unknown

    @property
    def in_a_line(self) -> Hint:
        """The message and the lines in `also`, for a list of errors."""
        more = Hint.joined(self.also)
        return Hint(self.message, ": ", *more.parts) if more else Hint(self.message)

    @property
    def advice(self) -> Hint:
        """The line below the message: what to mend, then the command to go on with."""
        go_on = Hint(GO_ON if self.hint else "", self.resume) if self.resume else ""
        return Hint.joined((self.hint, go_on))

    def lines(self, *, verbose: bool = False) -> list[Hint]:
        """Return the error as lines for people, the message first; if `verbose`, with what the service said."""
        said = [Hint(f"the service says: {text}") for text in dict.fromkeys(self._said())] if verbose else []
        return [Hint(self.message), *(line for line in (*self.also, self.advice) if line), *said]

    def _said(self) -> Iterator[str]:
        """Yield the service's own texts, of this error and of those of a batch's items."""
        if self.said:
            yield self.said
        for failure in self.failures:
            yield from failure._said()

    def document(self, complete: Completion = as_it_is) -> dict[str, object]:
        """Return the JSON object that `-o json` prints on stderr."""
        own: dict[str, object] = {"code": self.code, "exitCode": self.status, "message": self.message}
        if self.hint:
            own["hint"] = self.hint.text(complete)
        if self.resume:
            own["resume"] = command_line(complete(self.resume))
        if self.said:
            own["serviceMessage"] = self.said
        own |= self.details
        if self.failures:
            own["failures"] = [failure.document(complete)["error"] for failure in self.failures]
        return {"error": own}

    def after(self, done: str) -> Self:
        """Return a copy whose message begins with the work that was `done` before the error."""
        error = copy(self)
        error.message = f"{done}: {self.message}"
        return error

    @property
    def status(self) -> int:
        """The process's exit status for this error."""
        return self.exit_code


def system_error(refusal: OSError) -> FacesnapError:
    """Return the error for what the system refused and nothing foresaw."""
    return FacesnapError(f"the system refused: {reason_with_path(refusal)}", code="System")


class OutputError(FacesnapError):
    """The work is done, but its result could not be printed: stdout refused it, or `--query` does not fit it."""

    default_code = "Output"


class UsageError(FacesnapError):
    """A bad option or value. Nothing was sent."""

    exit_code = 2
    default_code = "Usage"


class OperationFailedError(FacesnapError):
    """The service reports the operation as failed; the message is the service's."""

    exit_code = 3
    default_code = "OperationFailed"


class CredentialsError(FacesnapError):
    """A key is missing, cannot be read, is refused (401) or lacks the right to do this (403)."""

    exit_code = 4
    default_code = "Credentials"


class NotFoundError(FacesnapError):
    """No such snapshot, operation or object, or it has expired."""

    exit_code = 5
    default_code = "NotFound"


class ConflictError(FacesnapError):
    """The target exists, another run holds the lock, or the same take is already under way."""

    exit_code = 6
    default_code = "Conflict"


class QuotaError(FacesnapError):
    """The quota is used up, or the rate limit stayed exceeded through all retries."""

    exit_code = 7
    default_code = "Quota"


class ThrottledError(QuotaError):
    """The rate limit is exceeded for now. The request was refused and did nothing."""

    default_code = "Throttled"


class StillRunningError(FacesnapError):
    """The time given with --timeout passed. The operation is still running in the service.

    `reference` names it for `facesnap wait`. It is empty if waiting alone does not finish the work.
    """

    exit_code = 8
    default_code = "StillRunning"

    def __init__(
        self,
        message: str,
        *,
        hint: str | Hint = "",
        resume: Command = NO_COMMAND,
        code: str = "",
        details: dict[str, object] | None = None,
        also: Sequence[str | Hint] = (),
        failures: Sequence[FacesnapError] = (),
        reference: str = "",
    ):
        super().__init__(message, hint=hint, resume=resume, code=code, details=details, also=also, failures=failures)
        self.reference = reference


class UnreachableError(FacesnapError):
    """The service could not be reached or kept failing, and cannot have acted. It is safe to run the command again."""

    exit_code = 9
    default_code = "Unreachable"


class OutcomeUnknownError(FacesnapError):
    """A request that changes something was sent, and no response came."""

    exit_code = 10
    default_code = "OutcomeUnknown"


class PartialFailureError(FacesnapError):
    """Some items of a batch failed."""

    exit_code = 11
    default_code = "PartialFailure"


class FeatureMissingError(FacesnapError):
    """The endpoint does not offer the snapshot feature."""

    exit_code = 12
    default_code = "FeatureMissing"


class ConfigurationError(FacesnapError):
    """The configuration file or a file that it names is wrong."""

    exit_code = 13
    default_code = "Configuration"


class VerificationError(FacesnapError):
    """The source and the target differ."""

    exit_code = 14
    default_code = "Verification"


class UnhealthyError(FacesnapError):
    """A check of `doctor` failed. The exit status is the one with which a command would have ended."""

    default_code = "Unhealthy"

    def __init__(self, exit_code: int, message: str):
        super().__init__(message)
        self._status = exit_code

    @property
    def status(self) -> int:
        return self._status


class InterruptedBySignal(FacesnapError):
    """SIGINT (130) or SIGTERM (143) ended the waiting. Operations are still running in the service."""

    default_code = "Interrupted"

    def __init__(self, signal_number: int, *, hint: str | Hint = "", resume: Command = NO_COMMAND):
        super().__init__("interrupted", hint=hint, resume=resume)
        self.signal_number = signal_number

    @property
    def status(self) -> int:
        """128 plus the signal's number, as a shell reports it."""
        return 128 + self.signal_number


class Interruption(BaseException):
    """Raised in the main thread by SIGINT and SIGTERM. `cli.main` turns it into an InterruptedBySignal.

    `nothing_sent` is true if no request was in flight, so that none can have had an effect. `latest` is for libraries
    written in C, which swallow an exception that is raised in a function they call back.
    """

    latest: ClassVar[Interruption | None] = None

    def __init__(self, signal_number: int):
        super().__init__(signal_number)
        Interruption.latest = self
        self.signal_number = signal_number
        self.nothing_sent = False
