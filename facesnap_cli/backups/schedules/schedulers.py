"""A plan's schedule as text: which schedulers there are, and what does not go well with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from facesnap_cli.backups.schedules.machine import crontab, systemd
from facesnap_cli.backups.schedules.pipelines import azure, github, kubernetes
from facesnap_cli.backups.schedules.plan_facts import Scheduled
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless

FORMS: Mapping[str, Callable[[Scheduled], list[str]]] = {
    "crontab": crontab,
    "systemd": systemd,
    "github": github,
    "azure": azure,
    "kubernetes": kubernetes,
}


def schedule_lines(one: Scheduled, forms: Sequence[str]) -> list[str]:
    """Return the text for these schedulers, or for all. Raises UsageError for one that is not known."""
    for form in forms:
        if form not in FORMS:
            raise UsageError(f"--for {harmless(form)[:40]}: one of {', '.join(FORMS)}")
    texts = [FORMS[form](one) for form in forms or FORMS]
    return [line for number, text in enumerate(texts) for line in ([""] * bool(number) + text)]


def schedule_complaints(one: Scheduled, forms: Sequence[str]) -> Iterator[str]:
    """Yield what will not go well where the plan runs in a pipeline."""
    chosen = [form for form in FORMS if form in (forms or FORMS)]
    if set(chosen) & {"github", "azure", "kubernetes"}:
        yield from one.unreachable_keys
    if not one.archives:
        return
    for form in chosen:
        if form in ("github", "azure"):
            yield (
                f"{form}: the archives become artifacts, personal data that all may download who may read the"
                " pipeline's runs; the next run does not see them: keep deletes none, and images come from images alone"
            )
    if "kubernetes" in chosen:
        for path in (*one.archives, *one.images):
            if path.startswith("/"):
                yield f"kubernetes: {path} needs a volume of its own, which the CronJob does not mount yet"
