"""Describe runs and checks of a plan as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from facesnap_cli.backups.plans.coverage import Cover
from facesnap_cli.backups.plans.plan import Plan
from facesnap_cli.backups.plans.run_results import RunResult

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge with its samples, each of labels and a value."""

    name: str
    help: str
    samples: tuple[tuple[Labels, float], ...]

    def lines(self) -> Iterable[str]:
        """Yield the metric as lines of a textfile."""
        if self.samples:
            yield f"# HELP {self.name} {self.help}"
            yield f"# TYPE {self.name} gauge"
        for labels, value in self.samples:
            pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"{self.name}{{{pairs}}} {value:.17g}"


def run_metrics(
    plan: Plan, result: RunResult, covers: Sequence[Cover], quotas: Mapping[tuple[str, str], int]
) -> list[Metric]:
    """Return a run's metrics.

    `covers` says how each target is covered after the run; `quotas` how many takes and applies are left, by profile
    and kind.
    """
    plan_labels = {"plan": plan.name}
    status = result.failure.status if result.failure else 0
    targets = [(_target_labels(plan, cover), cover) for cover in covers]
    outcomes = {
        (item.item.name, outcome.label): 0.0 if outcome.failure else 1.0
        for item in result.items
        for outcome in item.targets
    }
    return [
        Metric("facesnap_run_exit_status", "Exit status of the last run.", ((plan_labels, status),)),
        Metric("facesnap_run_duration_seconds", "Duration of the last run.", ((plan_labels, result.elapsed_s),)),
        Metric(
            "facesnap_run_timestamp_seconds",
            "When the last run began.",
            ((plan_labels, result.started_time.timestamp()),),
        ),
        Metric(
            "facesnap_target_success",
            "1 if the last run left the target with its copy, else 0.",
            tuple(({**plan_labels, "item": item, "target": label}, ok) for (item, label), ok in outcomes.items()),
        ),
        Metric(
            "facesnap_target_last_success_timestamp_seconds",
            "The moment that the newest good copy shows.",
            tuple((labels, cover.copied_time.timestamp()) for labels, cover in targets if cover.copied_time),
        ),
        Metric(
            "facesnap_target_uncovered_in_seconds",
            "Seconds from the end of the run until the newest copy is too old; below zero: since when it is.",
            tuple((labels, cover.seconds_left) for labels, cover in targets if cover.seconds_left is not None),
        ),
        Metric(
            "facesnap_target_faces_without_image",
            "Faces of the newest archive that could not be rebuilt from it.",
            tuple((labels, cover.counts.lacking) for labels, cover in targets if cover.counts),
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
            tuple((_target_labels(plan, cover), float(cover.is_covered)) for cover in covers),
        ),
        Metric("facesnap_check_timestamp_seconds", "When it was checked.", (({"plan": plan.name}, now.timestamp()),)),
    ]


def _target_labels(plan: Plan, cover: Cover) -> Labels:
    return {"plan": plan.name, "item": cover.item.name, "target": cover.label}


def _escaped(text: str) -> str:
    valid = text.encode("utf-8", "backslashreplace").decode()
    return valid.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
