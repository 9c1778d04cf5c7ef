"""How long an operation is expected to take, from what the journal knows of earlier ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from facesnap_cli.common.clock import SystemClock
from facesnap_cli.journal.durations import estimate_s
from facesnap_cli.journal.store import Journal
from facesnap_cli.models.operations import Job, Operation, OperationKind, OperationState

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path, SystemClock())) as journal:
        yield journal


def apply(object_id: str, day: int = 0, job: Job | None = None) -> Operation:
    return Operation.intended(
        OperationKind.APPLY,
        profile="dr",
        endpoint="https://h.example",
        subscription_id=None,
        object_type="PersonGroup",
        object_id=object_id,
        owner="test",
        now=START + timedelta(days=day),
        job=job,
    )


def ended(journal: Journal, operation: Operation, seconds: float, state: OperationState) -> None:
    created = operation.intended_time
    journal.add(
        operation._replace(state=state, created_time=created, finished_time=created + timedelta(seconds=seconds))
    )


def test_nothing_is_known_of_an_object_that_was_never_applied(journal: Journal) -> None:
    ended(journal, apply("other"), 50, OperationState.SUCCEEDED)
    assert estimate_s(journal, apply("employees")) is None


def test_the_longest_of_the_last_three_counts(journal: Journal) -> None:
    for day, seconds in enumerate((900, 20, 60, 40)):
        ended(journal, apply("employees", day), seconds, OperationState.SUCCEEDED)
    ended(journal, apply("employees", 9), 500, OperationState.FAILED)
    assert estimate_s(journal, apply("employees", 10)) == 60


def test_other_targets_of_the_same_copy_count(journal: Journal) -> None:
    ended(journal, apply("employees-1", 1, Job("nightly", START)), 70, OperationState.SUCCEEDED)
    assert estimate_s(journal, apply("employees-2", 2, Job("nightly", START + timedelta(days=1)))) == 70
