"""Run checks, each of which may need others, and hold what they find."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from facesnap_cli.common.errors import FacesnapError, UnhealthyError
from facesnap_cli.common.hints import Completion, Hint, as_hint


class Health(enum.StrEnum):
    """The result of a check. A note needs no mending; a skipped check needs another one that failed."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding of one check, and what to mend. `exit_code` is 0 unless it failed.

    `subject` is the profile or the item of a plan that it is about; empty if it is about this machine or the only
    account.
    """

    check: str
    health: Health
    message: str
    hint: str = ""
    exit_code: int = 0
    subject: str = ""

    @property
    def is_good(self) -> bool:
        """Whether checks that need this one can be made."""
        return self.health not in (Health.FAILED, Health.SKIPPED)

    @property
    def name(self) -> str:
        """The check with its subject."""
        return named(self.check, self.subject)

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "check": self.check,
            "subject": self.subject or None,
            "status": self.health.value,
            "message": self.message,
            "hint": self.hint or None,
            "exitCode": self.exit_code,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Self:
        """Read the JSON form. Raises KeyError or ValueError for anything else."""
        return cls(
            str(document["check"]),
            Health(str(document["status"])),
            str(document["message"]),
            str(document["hint"] or ""),
            int(str(document["exitCode"])),
            str(document["subject"] or ""),
        )


Found = tuple[Health, str, str | Hint]


class Check(NamedTuple):
    """A check: its name, the checks that must not have failed before, and what returns or raises the finding."""

    name: str
    needs: Sequence[str]
    find: Callable[[], Found]


def named(check: str, subject: str) -> str:
    """Return a check with its subject."""
    return f"{check} of {subject}" if subject else check


def ok(message: str) -> Found:
    """Return the finding that all is well."""
    return Health.OK, message, ""


def run_checks(
    checks: Sequence[Check], complete: Completion, *, subject: str = "", known: Iterable[Finding] = ()
) -> list[Finding]:
    """Return what every check found. A check that needs one that failed is skipped.

    `known` are findings of checks that were made before. `complete` adds this run's options to the commands of hints.
    """
    found = {finding.name: finding for finding in known}
    findings = []
    for check in checks:
        missing = [need for need in check.needs if not found[need].is_good]
        if missing:
            finding = Finding(check.name, Health.SKIPPED, f"needs {found[missing[0]].name}", subject=subject)
        else:
            finding = _finding(check, complete, subject)
        found[check.name] = finding
        findings.append(finding)
    return findings


def verdict(findings: Sequence[Finding]) -> UnhealthyError | None:
    """Return the error that the findings add up to, with the first failed check's exit status; None if none failed."""
    wrong = [finding for finding in findings if finding.health is Health.FAILED]
    if not wrong:
        return None
    names = ", ".join(finding.name for finding in wrong)
    return UnhealthyError(wrong[0].exit_code, f"{len(wrong)} of {len(findings)} checks failed: {names}")


def _finding(check: Check, complete: Completion, subject: str) -> Finding:
    try:
        health, message, hint = check.find()
    except FacesnapError as error:
        said, hint = str(error.in_a_line), error.advice.text(complete)
        return Finding(check.name, Health.FAILED, said, hint, error.status, subject)
    return Finding(check.name, health, message, as_hint(hint).text(complete), subject=subject)
