"""Run, check or preview a plan: all of its items, some at once, each by its method."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from facesnap_cli.backups.metrics import check_metrics, run_metrics
from facesnap_cli.backups.notifications import PING_TIMEOUT_S, Notifier, markdown, run_lines, write_summary
from facesnap_cli.backups.plans.backup_methods import BackupMethod, methods_of
from facesnap_cli.backups.plans.coverage import Cover
from facesnap_cli.backups.plans.plan import Plan
from facesnap_cli.backups.plans.preview import Preview
from facesnap_cli.backups.plans.run_results import ItemResult, RunResult
from facesnap_cli.backups.plans.unusable_method import UnusableMethod
from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import ConfigurationError, ConflictError, FacesnapError, reason_of, system_error
from facesnap_cli.common.files import make_private_directory
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.process_lock import LockHeldError, ProcessLock
from facesnap_cli.common.threads import ThreadPool
from facesnap_cli.face_api.account import Account
from facesnap_cli.models.operations import OperationKind
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.quota import needs, quota
from facesnap_cli.operations.wait import OperationProgress

Made = TypeVar("Made")
# Shows items by their names while the context lasts, and yields the progress of each.
RunProgress = Callable[[Sequence[str]], AbstractContextManager[Callable[[str], OperationProgress]]]


@dataclass(frozen=True, slots=True)
class RunParameters:
    """Validated parameters of a run. The result is appended as Markdown to the files `summary` and `job_summary`."""

    plan: Plan
    jobs: int | None = None
    summary: Path | None = None
    job_summary: Path | None = None


def run_plan(dependencies: Dependencies, parameters: RunParameters, run_progress: RunProgress) -> RunResult:
    """Run a plan under its lock, show its progress, and notify whom the plan names."""
    plan, reporter = parameters.plan, dependencies.reporter
    notifier = _notifier(dependencies, plan)
    with plan_lock(dependencies.state_directory, plan.path):
        notifier.started()
        try:
            methods = methods_of(dependencies, plan)
            _report_quota(dependencies, methods)
            with run_progress([item.name for item in plan.items]) as progress_of:
                result = run_items(
                    plan, methods, progress_of, jobs=parameters.jobs or plan.jobs, clock=dependencies.clock
                )
            dependencies.forget_old_operations()
            for warning in result.warnings:
                reporter.warn(warning)
            if dependencies.clock_difference.is_large and any(item.keep for item in plan.items):
                reporter.warn("no older copies were deleted: keep goes by dates, and this machine's clock is wrong")
            if plan.metrics:
                notifier.metrics(run_metrics(plan, result, _covers(methods), _quota_left(dependencies, plan)))
            result = _summarized(notifier, parameters, result)
        except FacesnapError as failure:
            notifier.ended([], failure)
            raise
        except Exception as bug:
            notifier.ended([], FacesnapError(f"{type(bug).__name__}: {bug}"))  # a monitor must not wait in vain
            raise
        notifier.ended(run_lines(result), result.failure)
    return result


def _summarized(notifier: Notifier, parameters: RunParameters, result: RunResult) -> RunResult:
    """Append the result to the summaries, and return it with the error if the one of `--summary` is not written."""
    text = markdown(parameters.plan, result)
    if parameters.job_summary:
        notifier.job_summary(text, parameters.job_summary)
    unwritten = write_summary(parameters.summary, text) if parameters.summary else None
    if unwritten and result.failure:
        notifier.reporter.warn(unwritten.message)
    return replace(result, unwritten=unwritten)


def check_plan(dependencies: Dependencies, plan: Plan) -> list[Cover]:
    """Return how every target is covered, and write the metrics of the check."""
    covers = _covers(methods_of(dependencies, plan))
    for cover in covers:
        if cover.warning:
            dependencies.reporter.warn(cover.warning)
    metrics = check_metrics(plan, covers, dependencies.clock.now())
    _notifier(dependencies, plan).metrics(metrics, check=True)
    return covers


def preview_plan(dependencies: Dependencies, plan: Plan) -> Preview:
    """Return what a run would do."""
    items = [(method.item, _of_item(method, lambda each: each.preview())) for method in methods_of(dependencies, plan)]
    for item, preview in items:
        for _, failure in preview.results:
            plan.name_keys(item, failure)
    steps = tuple(step for _, preview in items for step in preview.steps)
    return Preview(steps, tuple((item.name, preview.failure) for item, preview in items), "items")


def run_items(
    plan: Plan,
    methods: Sequence[BackupMethod],
    progress_of: Callable[[str], OperationProgress],
    *,
    jobs: int,
    clock: Clock,
) -> RunResult:
    """Run all items, `jobs` at once."""
    started_time, started = clock.now(), clock.monotonic()

    def run(method: BackupMethod) -> ItemResult:
        progress, begun = progress_of(method.item.name), clock.monotonic()
        result = _of_item(method, lambda each: each.run(progress))
        for target in result.targets:
            plan.name_keys(method.item, target.failure)
        progress.end(result.summary, ok=result.failure is None)
        return ItemResult(result.item, result.take, result.targets, clock.monotonic() - begun)

    results = [future.result() for future in ThreadPool(jobs).run(run, methods)]
    return RunResult(tuple(results), started_time, clock.monotonic() - started)


def _of_item(method: BackupMethod, call: Callable[[BackupMethod], Made]) -> Made:
    """Return what a call of an item's method returns, or after an exception what that of a failed item does."""
    try:
        return call(method)
    except Exception as bug:  # noqa: BLE001 (one item's bug must not end the others' night)
        return call(UnusableMethod(method.item, _failure_of(bug)))


def _failure_of(bug: Exception) -> FacesnapError:
    """Return the error that an item ends with after an exception."""
    if isinstance(bug, FacesnapError):
        return bug
    if isinstance(bug, OSError):
        return system_error(bug)
    return FacesnapError(f"a bug in facesnap: {type(bug).__name__}: {bug}", hint="please report it")


@contextmanager
def plan_lock(directory: Path, plan: Path) -> Iterator[None]:
    """Hold the plan's lock while the block runs. Raises ConflictError if another run holds it."""
    name = hashlib.sha256(str(plan.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    path = directory / "locks" / f"plan-{name}.lock"
    try:
        make_private_directory(path.parent, inside=directory)
        lock = ProcessLock.acquire(path)
    except LockHeldError:
        raise ConflictError(
            f"another run of {plan} is under way",
            hint=Hint("this one did nothing; ", command("status"), " shows what is open"),
        ) from None
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(f"the lock {path} cannot be taken ({reason_of(error)})") from error
    try:
        yield
    finally:
        lock.release(remove=False)


def _notifier(dependencies: Dependencies, plan: Plan) -> Notifier:
    """Return the notifier of the plan's runs. It uses the chosen profile's proxy."""
    from facesnap_cli.network.client import post_keyless

    def post(url: str, text: bytes) -> int:
        settings = dependencies.settings
        proxy, ca_bundle = settings.proxy, settings.ca_bundle
        return post_keyless(url, text, timeout_s=PING_TIMEOUT_S, proxy=proxy, ca_bundle=ca_bundle)

    return Notifier(plan, post, dependencies.reporter)


def _report_quota(dependencies: Dependencies, methods: Sequence[BackupMethod]) -> None:
    charges = [charge for method in methods for charge in _of_item(method, lambda each: list(each.charges()))]
    for need in needs(dependencies, charges):
        if need.needed > need.quota.left:
            dependencies.reporter.warn(f"{need}: the service may refuse the last of them")
        else:
            dependencies.reporter.info(str(need))


def _covers(methods: Sequence[BackupMethod]) -> list[Cover]:
    return [cover for method in methods for cover in _of_item(method, lambda each: each.covers())]


def _quota_left(dependencies: Dependencies, plan: Plan) -> dict[tuple[str, str], int]:
    """Return the takes and applies that are left to each profile of the plan."""
    asked: dict[tuple[str, OperationKind], Account] = {}
    for item in plan.items:
        if item.method == "snapshot":
            source = dependencies.accounts.of_profile(item.source)
            asked[source.profile or "", OperationKind.TAKE] = source
            for target in item.targets:
                asked[target.profile, OperationKind.APPLY] = dependencies.accounts.of_profile(target.profile)
    return {
        (profile, kind.value): quota(dependencies, account, kind).left for (profile, kind), account in asked.items()
    }
