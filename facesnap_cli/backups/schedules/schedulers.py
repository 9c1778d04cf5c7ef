"""List the schedulers, choose that of this machine, and warn about what does not work in them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from facesnap_cli.backups.schedules.azure import azure
from facesnap_cli.backups.schedules.crontab import crontab
from facesnap_cli.backups.schedules.github import github
from facesnap_cli.backups.schedules.kubernetes import kubernetes
from facesnap_cli.backups.schedules.launchd import launchd
from facesnap_cli.backups.schedules.plan_facts import PlanFacts
from facesnap_cli.backups.schedules.systemd import systemd
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import enumerated, harmless, nearest

_SYSTEMD_RUNS = Path("/run/systemd/system")
SCHEDULERS: Mapping[str, Callable[[PlanFacts], list[str]]] = {
    "crontab": crontab,
    "systemd": systemd,
    "launchd": launchd,
    "github": github,
    "azure": azure,
    "kubernetes": kubernetes,
}


def schedule_lines(facts: PlanFacts, names: Sequence[str]) -> list[str]:
    """Return the lines for the named schedulers. Raises UsageError for an unknown name."""
    for name in names:
        if name not in SCHEDULERS:
            raise UsageError(f"--for {harmless(name)[:40]}: one of {', '.join(SCHEDULERS)}{nearest(name, SCHEDULERS)}")
    texts = [SCHEDULERS[name](facts) for name in names]
    return [line for number, text in enumerate(texts) for line in ([""] * bool(number) + text)]


def scheduler_of_machine(environment: Mapping[str, str]) -> str:
    """Return the name of the scheduler that runs here: the pipeline's in a pipeline, else the system's."""
    for variable, name in (
        ("GITHUB_ACTIONS", "github"),
        ("TF_BUILD", "azure"),
        ("KUBERNETES_SERVICE_HOST", "kubernetes"),
    ):
        if environment.get(variable):
            return name
    if sys.platform == "darwin":
        return "launchd"
    return "systemd" if _SYSTEMD_RUNS.is_dir() else "crontab"


def scheduler_warnings(facts: PlanFacts, names: Sequence[str]) -> Iterator[str]:
    """Yield a warning for each kind of trouble that the plan has in these schedulers."""
    chosen = [name for name in SCHEDULERS if name in names]
    if facts.unreachable_keys and {*chosen} & {"github", "azure", "kubernetes"}:
        yield f"{enumerated(facts.unreachable_keys)}; pipelines need key_env"
    if facts.invocation.secrets and {*chosen} & {"crontab", "systemd", "launchd"}:
        are = "are" if len(facts.invocation.secrets) > 1 else "is"
        yield (
            f"{enumerated(facts.invocation.secrets)} {are} set here, and a key is written nowhere:"
            " give the profile a key_file or key_command"
        )
    if facts.archives and (pipelines := [name for name in chosen if name in ("github", "azure")]):
        yield (
            f"{enumerated(pipelines)}: the archives become artifacts, personal data that all may download who may read"
            " the pipeline's runs; the next run does not see them: keep deletes none, and images come from images alone"
        )
    if facts.archives and facts.absolute_paths and "kubernetes" in chosen:
        need = "need a volume each" if len(facts.absolute_paths) > 1 else "needs a volume of its own"
        yield f"kubernetes: {enumerated(facts.absolute_paths)} {need}, which the CronJob does not mount yet"
