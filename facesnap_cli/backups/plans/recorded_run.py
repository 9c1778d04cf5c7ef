"""Record a run of a plan from its first moment, also one that cannot start, is interrupted or is killed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from facesnap_cli.backups.plans.run_results import RunResult
from facesnap_cli.common.errors import FacesnapError, Interruption
from facesnap_cli.common.hints import Command, Completion, as_it_is, command_line
from facesnap_cli.common.sqlite import DatabaseError
from facesnap_cli.journal.run_records import RunCause, begin_run, end_run
from facesnap_cli.journal.store import JournalError
from facesnap_cli.operations.dependencies import Dependencies

_ABOUT_A_PROFILE = (("config",), ("doctor",), ("list",))


class RunInProgress:
    """The result of a recorded run, once there is one."""

    def __init__(self) -> None:
        self.result: RunResult | None = None


@contextmanager
def recorded_run(dependencies: Dependencies, plan: Path, complete: Completion = as_it_is) -> Iterator[RunInProgress]:
    """Record a run that lasts as long as the block. A journal that cannot be written is only a warning.

    `complete` adds this run's options to the commands that are recorded.
    """
    progress, run_id = RunInProgress(), _begin(dependencies, plan)
    status, failures = 1, list[FacesnapError]()
    try:
        yield progress
        status = 0
    except FacesnapError as failure:
        status, failures = failure.status, [failure]
        raise
    except Interruption as interruption:
        status = 128 + interruption.signal_number
        raise
    except Exception as bug:
        failures = [FacesnapError(f"a bug in facesnap: {type(bug).__name__}: {bug}")]
        raise
    finally:
        if run_id:
            _end(dependencies, run_id, status, progress.result, recorded_causes(progress.result, failures, complete))


def _begin(dependencies: Dependencies, plan: Path) -> str | None:
    try:
        return begin_run(dependencies.journal, str(plan.absolute()))
    except (DatabaseError, JournalError) as error:
        dependencies.warn_of(error)
        return None


def _end(
    dependencies: Dependencies, run_id: str, status: int, result: RunResult | None, causes: Sequence[RunCause]
) -> None:
    items = result.items if result else None
    try:
        end_run(
            dependencies.journal,
            run_id,
            status,
            items=len(items) if items is not None else None,
            items_failed=sum(item.failure is not None for item in items) if items is not None else None,
            causes=causes,
        )
    except (DatabaseError, JournalError) as error:
        dependencies.warn_of(error)


def recorded_causes(
    result: RunResult | None, failures: Iterable[FacesnapError] = (), complete: Completion = as_it_is
) -> list[RunCause]:
    """Return why targets of a run failed, each cause once; without a failed target, why the run itself failed."""
    failed = [target for item in result.items for target in item.targets if target.failure] if result else []
    causes: dict[tuple[str, str | None], RunCause] = {}
    pairs = [(target.failure, target.profile) for target in failed] or [(failure, None) for failure in failures]
    for failure, profile in pairs:
        assert failure
        also = f" (and {len(failure.also)} more)" if failure.also and result is None else ""
        cause = failure.cause or (f"{failure.message}{also}" if also else str(failure.in_a_line))
        known = causes.get((cause, profile), RunCause(cause, profile, 0, _command_of(failure, profile, complete)))
        causes[cause, profile] = known._replace(targets=known.targets + 1)
    return list(causes.values())


def _command_of(failure: FacesnapError, profile: str | None, complete: Completion) -> str | None:
    """Return the command that mends a failure: the first that its hint names, or the one to go on with."""
    named = [part for part in failure.hint.parts if isinstance(part, Command)]
    words = next(iter(named), failure.resume)
    if words[1:2] in _ABOUT_A_PROFILE and profile and "--profile" not in words:
        words = Command((*words, "--profile", profile))
    return command_line(complete(words)) if words else None
