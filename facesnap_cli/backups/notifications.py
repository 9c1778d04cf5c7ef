"""Tell others how a run went: healthchecks pings, a Prometheus textfile, a Markdown summary.

A notification that fails is worth a warning, never a failure of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from facesnap_cli.backups.plans.coverage import Cover
from facesnap_cli.backups.plans.plan import Plan
from facesnap_cli.backups.plans.run import RunResult
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.escape import counted, format_duration, harmless
from facesnap_cli.common.files import replaced
from facesnap_cli.common.reporter import Reporter
from facesnap_cli.models.endpoints import host_of

PING_TIMEOUT_S = 10.0
MOST_PING_BYTES = 10_000
_READABLE = 0o644  # by the exporter, which is another user; no key is in it

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metric:
    """One gauge: its samples are (labels, value)."""

    name: str
    help: str
    samples: tuple[tuple[Labels, float], ...]

    def lines(self) -> Iterable[str]:
        if self.samples:
            yield f"# HELP {self.name} {self.help}"
            yield f"# TYPE {self.name} gauge"
        for labels, value in self.samples:
            shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"{self.name}{{{shown}}} {value:.17g}"


@dataclass(frozen=True)
class Notifier:
    """Notifies of one plan's runs. `post` sends a text to a URL and returns the status; it has no key."""

    plan: Plan
    post: Callable[[str, bytes], int]
    reporter: Reporter

    def started(self) -> None:
        self._ping("/start", "")

    def ended(self, lines: Sequence[str], failure: FacesnapError | None) -> None:
        """Ping success, or failure with the last lines of what was said."""
        text = [f"facesnap: {failure.message} (exit status {failure.status})"] if failure else []
        self._ping("/fail" if failure else "", "\n".join([*lines, *text]))

    def metrics(self, metrics: Sequence[Metric], *, check: bool = False) -> None:
        """Write the textfile whole; a check has one of its own beside the run's.

        A directory that is missing is not made: it would be this user's, and the exporter is another one.
        """
        path = self.plan.metrics
        if path is None:
            return
        if check:
            path = path.with_name(f"{path.stem}-check{path.suffix}")
        if not path.parent.is_dir():
            self.reporter.warn(f"the metrics {path} could not be written: there is no directory {path.parent}")
            return
        try:
            with replaced(path, mode=_READABLE) as file:
                file.writelines(f"{line}\n" for metric in metrics for line in metric.lines())
        except OSError as error:
            self.reporter.warn(f"the metrics {path} could not be written: {error.strerror}")

    def summary(self, text: str, path: Path | None, step_summary: str | None) -> None:
        """Write the summary to `path`, and append it to the file of GitHub's job summary."""
        try:
            if path:
                with replaced(path, mode=_READABLE) as file:
                    file.write(text)
            if step_summary:
                with Path(step_summary).open("a", encoding="utf-8") as file:
                    file.write(text)
        except OSError as error:
            self.reporter.warn(f"the summary could not be written: {error.strerror}: {error.filename}")

    def _ping(self, suffix: str, text: str) -> None:
        if self.plan.ping is None:
            return
        parts = urlsplit(self.plan.ping)
        url = urlunsplit(parts._replace(path=parts.path.rstrip("/") + suffix))
        try:
            status = self.post(url, text.encode("utf-8", "replace")[-MOST_PING_BYTES:])
        except FacesnapError as error:
            self.reporter.warn(f"the ping was not sent: {error.message}")
            return
        if not 200 <= status < 300:
            self.reporter.warn(f"the ping was not taken: {host_of(url)} answered {status}")


def run_metrics(
    plan: Plan, result: RunResult, covers: Sequence[Cover], quotas: Mapping[tuple[str, str], int]
) -> list[Metric]:
    """Return a run's metrics. `covers` is how its targets are covered now, `quotas` what is left by (profile, kind)."""
    of_plan = {"plan": plan.name}
    status = result.failure.status if result.failure else 0
    targets = [(_labels(plan, one), one) for one in covers]
    outcomes = {
        (item.item.name, one.label): 0.0 if one.failure else 1.0 for item in result.items for one in item.targets
    }
    return [
        Metric("facesnap_run_exit_status", "Exit status of the last run.", ((of_plan, status),)),
        Metric("facesnap_run_duration_seconds", "Duration of the last run.", ((of_plan, result.elapsed_s),)),
        Metric(
            "facesnap_run_timestamp_seconds",
            "When the last run began.",
            ((of_plan, result.started_time.timestamp()),),
        ),
        Metric(
            "facesnap_target_success",
            "1 if the last run left the target with its copy, else 0.",
            tuple(({**of_plan, "item": item, "target": label}, ok) for (item, label), ok in outcomes.items()),
        ),
        Metric(
            "facesnap_target_last_success_timestamp_seconds",
            "The moment that the newest good copy shows.",
            tuple((labels, one.copied_time.timestamp()) for labels, one in targets if one.copied_time),
        ),
        Metric(
            "facesnap_target_uncovered_in_seconds",
            "Seconds from the end of the run until the newest copy is too old; below zero: since when it is.",
            tuple((labels, one.seconds_left) for labels, one in targets if one.seconds_left is not None),
        ),
        Metric(
            "facesnap_target_faces_without_image",
            "Faces of the newest archive that could not be rebuilt from it.",
            tuple((labels, one.counts.lacking) for labels, one in targets if one.counts),
        ),
        Metric(
            "facesnap_quota_left",
            "Estimate of the takes and applies that are left of a day's 100.",
            tuple(({"profile": profile, "kind": kind}, left) for (profile, kind), left in quotas.items()),
        ),
    ]


def check_metrics(plan: Plan, covers: Sequence[Cover], now: datetime) -> list[Metric]:
    """Return a check's metrics."""
    return [
        Metric(
            "facesnap_covered",
            "1 if the target has a usable copy that is young enough, else 0.",
            tuple((_labels(plan, one), float(one.is_covered)) for one in covers),
        ),
        Metric("facesnap_check_timestamp_seconds", "When it was checked.", (({"plan": plan.name}, now.timestamp()),)),
    ]


def run_lines(result: RunResult) -> list[str]:
    """Return a line for each item, for a ping."""
    return [f"{item.item.name}: {item.summary}" for item in result.items]


def markdown(plan: Plan, result: RunResult) -> str:
    """Return the summary of a run as Markdown."""
    failed = sum(item.failure is not None for item in result.items)
    items = counted(len(result.items), "item")
    said = f"{failed} of {items} failed" if failed else f"{'all ' if len(result.items) > 1 else ''}{items} succeeded"
    rows = [
        (
            item.item.name,
            one.status,
            one.place,
            ", ".join(one.deleted),
            format_duration(item.elapsed_s),
            one.failure.message if one.failure else str(one.counts or ""),
        )
        for item in result.items
        for one in item.targets
    ]
    head = ("Item", "Status", "Target", "Deleted", "Time", "Message")
    table = [head, tuple("---" for _ in head), *(tuple(_cell(cell) for cell in row) for row in rows)]
    status = result.failure.status if result.failure else 0
    title = f"## facesnap run {_cell(plan.name)}: {'failed' if failed else 'succeeded'}"
    began = f"{result.started_time:%Y-%m-%d %H:%M:%S} UTC"
    facts = f"Began {began}, took {format_duration(result.elapsed_s)}; {said}; exit status {status}."
    return "\n".join([title, "", facts, "", *(f"| {' | '.join(row)} |" for row in table), ""])


def _labels(plan: Plan, cover: Cover) -> Labels:
    return {"plan": plan.name, "item": cover.item.name, "target": cover.label}


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _cell(text: str) -> str:
    """Return text that Markdown shows as it is."""
    safe = harmless(text)
    for character in "\\`*_[]<>|#":
        safe = safe.replace(character, f"\\{character}")
    return safe
