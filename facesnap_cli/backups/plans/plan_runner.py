"""What `copy` and `run` share: what their copies work with, and the screen that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from facesnap_cli.archives.images.sources import image_source
from facesnap_cli.backups.copies.copy import Copy, Means
from facesnap_cli.backups.copies.copy_parameters import CopyResult, WantedCopy
from facesnap_cli.backups.metrics import check_metrics, run_metrics
from facesnap_cli.backups.notifications import PING_TIMEOUT_S, Notifier, markdown, run_lines
from facesnap_cli.backups.plans.coverage import Cover
from facesnap_cli.backups.plans.export_method import ExportMethod
from facesnap_cli.backups.plans.plan import Plan, PlanItem
from facesnap_cli.backups.plans.preview import Preview
from facesnap_cli.backups.plans.run import Method, RunResult, plan_lock, run_items
from facesnap_cli.backups.plans.snapshot_method import SnapshotMethod
from facesnap_cli.backups.retention import Template
from facesnap_cli.cli.parameters.copies import copy_between, named_account
from facesnap_cli.common.errors import FacesnapError, UsageError
from facesnap_cli.config.locations import state_directory
from facesnap_cli.journal.store import JournalError
from facesnap_cli.models.operations import OperationKind
from facesnap_cli.operations.polling import Schedule
from facesnap_cli.operations.quota import needs, quota

if TYPE_CHECKING:
    from facesnap_cli.archives.images.image import ImageSource
    from facesnap_cli.cli.context import App
    from facesnap_cli.display.columns import Document, View
    from facesnap_cli.face_api.account import Account


def means_of(app: App) -> Means:
    """Return what this run's copies work with."""
    app.watched.repeatable = True
    return Means(
        journal=app.journal,
        clock=app.clock,
        waiter=app.waiter,
        warn=app.messages.warn,
        schedule=Schedule(interval_s=app.settings.poll_interval),
        timeout_s=app.settings.timeout,
    )


def _forget(app: App) -> None:
    """Let the journal forget what ended long ago; what cannot be written now is said where it matters."""
    with suppress(JournalError):
        app.journal.forget(timedelta(seconds=app.settings.keep_journal))


def report(app: App, documents: Sequence[Document], view: View, failure: FacesnapError | None) -> None:
    """Print results, and raise what they failed with. A success with --quiet prints only a format that is asked for."""
    if failure or not app.options.quiet or app.settings.output != "table" or app.options.query:
        app.output.records(documents, view)
    if failure:
        raise failure


def copy_with_progress(app: App, wanted: WantedCopy) -> CopyResult:
    """Copy one object, with progress on stderr."""
    name = wanted.take.object_id
    _forget(app)
    with app.progress([name]) as progress_of:
        return Copy(means_of(app), wanted, progress_of(name)).run()


def methods_of(app: App, plan: Plan, means: Means) -> list[Method]:
    """Return how each item of a plan is backed up. Raises ConfigurationError where a profile lacks something."""
    sources = frozenset((item.object_type, item.object_id) for item in plan.items)
    return [
        _export(app, plan, item)
        if item.method == "export"
        else SnapshotMethod(item, means, _wanted(app, plan, item), sources)
        for item in plan.items
    ]


def run_plan(app: App, plan: Plan, *, jobs: int | None, summary: Path | None) -> RunResult:
    """Run a plan under its lock, with progress on stderr, and tell whom the plan names."""
    notifier = notifier_of(app, plan)
    with plan_lock(state_directory(app.environment), plan.path):
        notifier.started()
        try:
            _forget(app)
            means = means_of(app)
            methods = methods_of(app, plan, means)
            _say_quota(app, methods)
            with app.progress([item.name for item in plan.items]) as progress_of:
                result = run_items(methods, progress_of, jobs=jobs or plan.jobs, clock=app.clock)
            for warning in result.warnings:
                app.messages.warn(warning)
            if plan.metrics:
                notifier.metrics(run_metrics(plan, result, _covers(methods), _quota_left(app, plan)))
            notifier.summary(markdown(plan, result), summary, app.environment.get("GITHUB_STEP_SUMMARY"))
        except FacesnapError as failure:
            notifier.ended([], failure)
            raise
        except Exception as bug:
            notifier.ended([], FacesnapError(f"{type(bug).__name__}: {bug}"))  # whoever is told must not wait in vain
            raise
        notifier.ended(run_lines(result), result.failure)
    return result


def _export(app: App, plan: Plan, item: PlanItem) -> ExportMethod:
    paths = [(target.template.text, target.template.name) for target in item.targets if target.template]
    if len(paths) < len(item.targets):
        raise plan.wrong(item, "to", UsageError("file: names no file", hint="write file:PATH"))

    def images() -> ImageSource | None:
        try:
            return image_source(plan.path.absolute().parent / item.images) if item.images else None
        except UsageError as error:
            raise plan.wrong(item, "images", error) from None

    return ExportMethod(
        item,
        _source(app, plan, item),
        tuple(Template(str(Path(text)), name) for text, name in paths),
        plan.path.absolute().parent,
        state_directory(app.environment),
        app.clock,
        images,
        reporter=app.messages,
    )


def check_plan(app: App, plan: Plan) -> list[Cover]:
    """Look whether every target is covered, and write the metric of it."""
    covers = _covers(methods_of(app, plan, means_of(app)))
    for cover in covers:
        if cover.warning:
            app.messages.warn(cover.warning)
    notifier_of(app, plan).metrics(check_metrics(plan, covers, app.clock.now()), check=True)
    return covers


def notifier_of(app: App, plan: Plan) -> Notifier:
    """Return who tells of the plan's runs, through the chosen profile's proxy."""
    from facesnap_cli.network.client import post_keyless

    def post(url: str, text: bytes) -> int:
        proxy, ca_bundle = app.settings.proxy, app.settings.ca_bundle
        return post_keyless(url, text, timeout_s=PING_TIMEOUT_S, proxy=proxy, ca_bundle=ca_bundle)

    return Notifier(plan, post, app.messages)


def preview_plan(app: App, plan: Plan) -> Preview:
    """Return what a run would do."""
    items = [(method.item.name, method.preview()) for method in methods_of(app, plan, means_of(app))]
    steps = tuple(step for _, preview in items for step in preview.steps)
    return Preview(steps, tuple((name, preview.failure) for name, preview in items), "items")


def _source(app: App, plan: Plan, item: PlanItem) -> Account:
    try:
        return named_account(app, item.source)
    except UsageError as error:
        raise plan.wrong(item, "from", error) from None


def _wanted(app: App, plan: Plan, item: PlanItem) -> WantedCopy:
    source = _source(app, plan, item)
    try:
        return copy_between(
            app,
            source,
            item.object_type,
            item.object_id,
            item.targets,
            verify=item.verify,
            keep=item.keep_snapshot,
            max_age_s=item.max_age_s,
        )
    except UsageError as error:
        raise plan.wrong(item, "to", error) from None


def _say_quota(app: App, methods: Sequence[Method]) -> None:
    charges = [charge for method in methods for charge in method.charges()]
    for need in needs(charges, app.journal, app.clock):
        if need.needed > need.quota.left:
            app.messages.warn(f"{need}: the service may refuse the last of them")
        else:
            app.messages.info(str(need))


def _covers(methods: Sequence[Method]) -> list[Cover]:
    return [cover for method in methods for cover in method.covers()]


def _quota_left(app: App, plan: Plan) -> dict[tuple[str, str], int]:
    """Return what is left to each profile of what the plan asks it for."""
    asked: dict[tuple[str, OperationKind], Account] = {}
    for item in plan.items:
        if item.method == "snapshot":
            source = _source(app, plan, item)
            asked[source.profile or "", OperationKind.TAKE] = source
            for target in item.targets:
                asked[target.profile, OperationKind.APPLY] = app.account_named(target.profile)
    return {
        (profile, kind.value): quota(account, app.journal, app.clock, kind).left
        for (profile, kind), account in asked.items()
    }
