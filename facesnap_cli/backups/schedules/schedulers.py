"""List the schedulers, and warn about what does not work in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from facesnap_cli.backups.schedules.azure import azure
from facesnap_cli.backups.schedules.crontab import crontab
from facesnap_cli.backups.schedules.github import github
from facesnap_cli.backups.schedules.kubernetes import kubernetes
from facesnap_cli.backups.schedules.plan_facts import PlanFacts
from facesnap_cli.backups.schedules.systemd import systemd
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless

SCHEDULERS: Mapping[str, Callable[[PlanFacts], list[str]]] = {
    "crontab": crontab,
    "systemd": systemd,
    "github": github,
    "azure": azure,
    "kubernetes": kubernetes,
}


def schedule_lines(facts: PlanFacts, names: Sequence[str]) -> list[str]:
    """Return the lines for the named schedulers, or for all. Raises UsageError for an unknown name."""
    for name in names:
        if name not in SCHEDULERS:
            raise UsageError(f"--for {harmless(name)[:40]}: one of {', '.join(SCHEDULERS)}")
    texts = [SCHEDULERS[name](facts) for name in names or SCHEDULERS]
    return [line for number, text in enumerate(texts) for line in ([""] * bool(number) + text)]


def scheduler_warnings(facts: PlanFacts, names: Sequence[str]) -> Iterator[str]:
    """Yield a warning for each part of the plan that does not work in a pipeline or a CronJob."""
    chosen = [name for name in SCHEDULERS if name in (names or SCHEDULERS)]
    if set(chosen) & {"github", "azure", "kubernetes"}:
        yield from facts.unreachable_keys
    for name in facts.invocation.secrets:
        if set(chosen) & {"crontab", "systemd"}:
            yield f"{name} is set here, and a key is written nowhere: give the profile a key_file or key_command"
    if not facts.archives:
        return
    for name in chosen:
        if name in ("github", "azure"):
            yield (
                f"{name}: the archives become artifacts, personal data that all may download who may read the"
                " pipeline's runs; the next run does not see them: keep deletes none, and images come from images alone"
            )
    if "kubernetes" in chosen:
        for path in facts.absolute_paths:
            yield f"kubernetes: {path} needs a volume of its own, which the CronJob does not mount yet"
