"""Check every profile, image directory and target of a plan, as a run would find them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from facesnap_cli.archives.images.sources import image_source
from facesnap_cli.backups.health.account_checks import AccountChecks
from facesnap_cli.backups.health.finding import Check, Finding, Found, Health, named, ok, run_checks
from facesnap_cli.backups.plans.backup_methods import BackupMethod, methods_of
from facesnap_cli.backups.plans.plan import Plan, PlanItem
from facesnap_cli.common.errors import UsageError, VerificationError
from facesnap_cli.common.escape import counted
from facesnap_cli.common.hints import Completion

if TYPE_CHECKING:
    from facesnap_cli.operations.dependencies import Dependencies


class PlanChecks:
    """The checks of a plan, which `read` returns if neither it nor the files that its runs write are wrong."""

    def __init__(self, dependencies: Dependencies, read: Callable[[], Plan]):
        self._dependencies = dependencies
        self._read = read
        self._plan: Plan | None = None
        self._methods: Sequence[BackupMethod] = ()

    def run(self, complete: Completion, about_machine: Sequence[Finding]) -> list[Finding]:
        """Return the findings about this machine, and after them what the checks of the plan found."""
        checks = [Check("plan", (), self._check_plan), Check("items", ("plan", "configuration"), self._check_items)]
        findings = [*about_machine]
        findings += run_checks(checks, complete, known=findings)
        if self._plan is None:
            return findings
        items = self._plan.items
        default = self._dependencies.settings.profile or ""
        for profile, needs_snapshots in _profiles_of(items, default).items():
            account = AccountChecks(self._dependencies, profile, is_of_plan=True)
            of_account = account.checks(with_snapshots=needs_snapshots)
            findings += run_checks(of_account, complete, subject=profile, known=findings)
        for number, item in enumerate(items):
            of_item = self._checks_of(self._plan, number, default)
            findings += run_checks(of_item, complete, subject=item.name, known=findings)
        return findings

    def _checks_of(self, plan: Plan, number: int, default: str) -> list[Check]:
        item = plan.items[number]
        services = [named("service", profile) for profile in _profiles_of([item], default)]
        images = [Check("images", (), partial(_check_images, plan, item, item.images))] if item.images else []
        needs = ["items", *services, *(check.name for check in images)]
        return [*images, Check("targets", needs, partial(self._check_targets, plan, number))]

    def _check_plan(self) -> Found:
        self._plan = self._read()
        return ok(f"{self._plan.path}: {counted(len(self._plan.items), 'item')}")

    def _check_items(self) -> Found:
        assert self._plan
        self._methods = methods_of(self._dependencies, self._plan)
        return ok("no item contradicts the configuration or another item")

    def _check_targets(self, plan: Plan, number: int) -> Found:
        method = self._methods[number]
        preview = method.preview()
        for _, failure in preview.results:
            plan.name_keys(method.item, failure)
        if preview.failure:
            raise preview.failure
        for target in method.item.targets:
            if target.profile == "file" and target.template:
                _check_directory(plan, method.item, plan.path.absolute().parent / target.template.text)
        return ok(", ".join(place for place, _ in preview.results))


def _check_images(plan: Plan, item: PlanItem, images: str) -> Found:
    path = plan.path.absolute().parent / images
    try:
        source = image_source(path)
    except UsageError as error:
        raise plan.wrong(item, "images", error) from None
    if not source.origin.is_dir():
        return ok(f"the manifest {path} can be read")
    found, unreadable = _files_in(path)
    if unreadable:
        message = f"{counted(len(unreadable), 'file')} in {path} may not be read, such as {unreadable[0]}"
        return Health.WARNING, message, "let this user read it"
    if found == 0:
        message, hint = f"there is no file in {path}", "is the directory mounted?"
        if item.require_images is not False:
            raise VerificationError(message, hint=hint)
        return Health.WARNING, message, hint
    return ok(f"{counted(found, 'file')} in {path}")


def _check_directory(plan: Plan, item: PlanItem, template: Path) -> None:
    """Raise ConfigurationError if the directory of an archive can be neither written nor made."""
    fixed = Path(str(template).partition("{")[0] + "x").parent
    directory = next((path for path in (fixed, *fixed.parents) if path.exists()), fixed)
    if not directory.is_dir():
        raise plan.wrong(item, "to", UsageError(f"{directory} is not a directory"))
    if not os.access(directory, os.W_OK | os.X_OK):
        raise plan.wrong(item, "to", UsageError(f"the directory {directory} may not be written"))


def _profiles_of(items: Sequence[PlanItem], default: str) -> dict[str, bool]:
    """Return the profiles of items, and whether one of these items takes or applies snapshots with it."""
    found: dict[str, bool] = {}
    for item in items:
        is_snapshot = item.method == "snapshot"
        for profile in (item.source or default, *(target.profile for target in item.targets if is_snapshot)):
            found[profile] = found.get(profile, False) or is_snapshot
    return found


def _files_in(directory: Path) -> tuple[int, list[str]]:
    """Return the number of files in a tree that may be images, and those that this user may not read."""
    number, unreadable = 0, list[str]()
    for folder, folders, files in os.walk(directory, onerror=lambda error: unreadable.append(str(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith("."):
                number += 1
                path = os.path.join(folder, name)
                if not os.access(path, os.R_OK):
                    unreadable.append(path)
    return number, unreadable
