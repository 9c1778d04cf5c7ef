"""Notify others of a run: healthchecks pings, a Prometheus textfile, a Markdown summary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from facesnap_cli.backups.metrics import Metric
from facesnap_cli.backups.plans.plan import Plan
from facesnap_cli.backups.plans.run_results import RunResult
from facesnap_cli.common.errors import FacesnapError, OutputError
from facesnap_cli.common.escape import counted, harmless
from facesnap_cli.common.files import append_text, replaced
from facesnap_cli.common.reporter import Reporter
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.models.endpoints import host_of

PING_TIMEOUT_S = 10.0
# Healthchecks keeps that many bytes of a body, the first ones. The end of a longer text says more.
MOST_PING_BYTES = 10_000
# The node exporter runs as another user. No key is in these files.
_READABLE = 0o644


@dataclass(frozen=True)
class Notifier:
    """Notifies others of one plan's runs. A notification that fails is a warning: it never fails the run.

    `post` sends a body to a URL, without a key, and returns the status of the response.
    """

    plan: Plan
    post: Callable[[str, bytes], int]
    reporter: Reporter

    def started(self) -> None:
        """Ping that a run starts."""
        self._ping("/start", "")

    def ended(self, lines: Sequence[str], failure: FacesnapError | None) -> None:
        """Ping that a run succeeded or failed. The body holds `lines`, then the failure."""
        text = [f"facesnap: {failure.message} (exit status {failure.status})"] if failure else []
        self._ping("/fail" if failure else "", "\n".join([*lines, *text]))

    def metrics(self, metrics: Sequence[Metric], *, check: bool = False) -> None:
        """Replace the plan's textfile, or with `check` the textfile of checks beside it."""
        output = self.plan.check_metrics if check else self.plan.metrics
        if output is None:
            return
        path = output.path
        # A directory made here would belong to this user, and the exporter could not read it.
        if not path.parent.is_dir():
            self.reporter.warn(f"the metrics {path} could not be written: there is no directory {path.parent}")
            return
        try:
            with replaced(path, mode=_READABLE) as file:
                file.writelines(f"{line}\n" for metric in metrics for line in metric.lines())
        except OSError as error:
            self.reporter.warn(f"the metrics {path} could not be written: {error.strerror}")

    def job_summary(self, text: str, path: Path) -> None:
        """Append the summary of a run to the file of GitHub's job summary."""
        try:
            append_text(path, text, keep_link=True)
        except OSError as error:
            self.reporter.warn(f"the job summary {path} could not be written: {error.strerror}")

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


def write_summary(path: Path, text: str) -> OutputError | None:
    """Append the summary of a run to a file, and return the error if that is impossible."""
    try:
        append_text(path, text)
    except OSError as error:
        return OutputError(
            f"the summary {path} could not be written: {error.strerror}",
            hint="the run is done; free space, or give another --summary next time",
            details={"summary": str(path)},
        )
    return None


def run_lines(result: RunResult) -> list[str]:
    """Return the body of a ping: a line for each item."""
    return [f"{item.item.name}: {item.summary}" for item in result.items]


def markdown(plan: Plan, result: RunResult) -> str:
    """Return the summary of a run as Markdown."""
    failed = sum(item.failure is not None for item in result.items)
    items = counted(len(result.items), "item")
    totals = f"{failed} of {items} failed" if failed else f"{'all ' if len(result.items) > 1 else ''}{items} succeeded"
    rows = [
        (
            item.item.name,
            outcome.status,
            outcome.place,
            ", ".join(outcome.deleted),
            format_duration(item.elapsed_s),
            outcome.failure.message if outcome.failure else str(outcome.counts or ""),
        )
        for item in result.items
        for outcome in item.targets
    ]
    head = ("Item", "Status", "Target", "Deleted", "Time", "Message")
    table = [head, tuple("---" for _ in head), *(tuple(map(_markdown_text, row)) for row in rows)]
    status = result.failure.status if result.failure else 0
    title = f"## facesnap run {_markdown_text(plan.name)}: {'failed' if failed else 'succeeded'}"
    began = f"{result.started_time:%Y-%m-%d %H:%M:%S} UTC"
    facts = f"Began {began}, took {format_duration(result.elapsed_s)}; {totals}; exit status {status}."
    return "\n".join([title, "", facts, "", *(f"| {' | '.join(row)} |" for row in table), ""])


def _markdown_text(text: str) -> str:
    """Return text that Markdown shows unchanged."""
    safe = harmless(text)
    for character in "\\`*_[]<>|#":
        safe = safe.replace(character, f"\\{character}")
    return safe
