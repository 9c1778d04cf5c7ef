"""facesnap run"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import ConflictError, UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.config.paths import InputPath, OutputPath, Writing

if TYPE_CHECKING:
    from facesnap_cli.backups.plans.plan import Plan

app = typer_app()
PlanArgument = Annotated[
    Path, typer.Argument(metavar="PLAN", parser=options.input_path("PLAN"), help="The plan, a TOML file.")
]
OptionalPlanArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PLAN]", parser=options.input_path("PLAN"), help="The plan, a TOML file; left out only with --init."
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        parser=options.whole_number(1, 64),
        help="Items at once, up to 64 (default: the plan's jobs, or 4).",
    ),
]
SummaryOption = Annotated[
    OutputPath | None,
    typer.Option(
        "--summary",
        metavar="FILE.md",
        parser=options.output_file("--summary", Writing.APPENDED),
        help="Append the result as Markdown.",
    ),
]
DrillOption = Annotated[
    bool,
    typer.Option("--drill", help="Restore the newest backup of each item under a scratch id, verify and delete it."),
]
InitOption = Annotated[
    bool, typer.Option("--init", help="Print a plan to fill in, with comments, or write it to the new file PLAN.")
]


@app.command(cls=ServiceCommand)
def run(
    ctx: typer.Context,
    plan: OptionalPlanArgument = None,
    jobs: JobsOption = None,
    summary: SummaryOption = None,
    drill: DrillOption = False,
    init: InitOption = False,
    dry_run: options.DryRunOption = False,
) -> None:
    """Back up everything that a plan names, in parallel, and delete the older copies that it does not keep.

    facesnap run --init nightly.toml
    facesnap run nightly.toml --jobs 8
    facesnap run nightly.toml --drill
    """
    from facesnap_cli.backups.plans.plan_runner import RunParameters, preview_plan, run_plan
    from facesnap_cli.backups.plans.recorded_run import recorded_run
    from facesnap_cli.cli.progress_display import run_progress
    from facesnap_cli.common.hints import Hint, command
    from facesnap_cli.display.columns import RUN, STEP

    app = App.of(ctx)
    if init:
        if dry_run or summary or jobs or drill:
            raise UsageError("--init goes with no other option of run")
        begin_plan(app, plan)
        return
    if plan is None:
        raise UsageError(
            "run needs a plan", hint=Hint(command("run", "--init", "nightly.toml"), " writes one to fill in")
        )
    if drill:
        if dry_run or summary or jobs:
            raise UsageError("--drill goes with no other option of run")
        drill_plan(app, plan)
        return
    job_summary = job_summary_of(app.environment)
    summaries = [output for output in (summary, job_summary) if output]
    if dry_run:
        preview = preview_plan(app.dependencies, checked_plan(app, plan, summaries))
        app.output.records([step.document() for step in preview.steps], STEP)
        app.conclude(preview.failure, then=command("run", plan))
        return
    with recorded_run(app.dependencies, plan, app.complete) as run_in_progress:
        parsed = checked_plan(app, plan, summaries)
        app.resume_hints.repeatable = True
        parameters = RunParameters(parsed, jobs, summary and summary.path, job_summary and job_summary.path)
        result = run_plan(app.dependencies, parameters, partial(run_progress, app))
        run_in_progress.result = result
        app.report(result.documents(), RUN, result.failure, total=result.total, then=command("backups", plan))


def begin_plan(app: App, path: Path | None) -> None:
    """Print a plan to fill in, or write it to a new file. Raises ConflictError if there is a file already."""
    from facesnap_cli.backups.plans.plan_keys import plan_to_fill_in
    from facesnap_cli.common.files import write_new
    from facesnap_cli.common.hints import command

    if path is None:
        app.output.text(plan_to_fill_in())
        return
    app.check_outputs([OutputPath(path, f"PLAN {harmless(str(path))}", Writing.TEXT)], [])
    try:
        write_new(path, plan_to_fill_in())
    except FileExistsError:
        raise ConflictError(f"{path} exists already", hint="name a new file") from None
    app.messages.note(f"{path} is written: change its values to yours")
    app.conclude(then=command("run", path, "--dry-run"), is_logged=True)


def drill_plan(app: App, plan: Path) -> None:
    """Restore the newest backup of each item, and print how long that took. Raises what failed."""
    from facesnap_cli.backups.plans.plan import read_plan
    from facesnap_cli.backups.restoring.drill import failure_of, run_drill
    from facesnap_cli.cli.progress_display import run_progress
    from facesnap_cli.common.hints import command
    from facesnap_cli.display.columns import DRILL
    from facesnap_cli.operations.batch_totals import total_of

    parsed = read_plan(plan)
    with run_progress(app, [item.name for item in parsed.items]) as progress_of:
        results = run_drill(app.dependencies, parsed, progress_of)
    documents = [result.document() for result in results]
    total = total_of([str(document["status"]) for document in documents])
    app.report(documents, DRILL, failure_of(results), total=total, then=command("backups", plan))


def checked_plan(app: App, plan: Path, summaries: Sequence[OutputPath] = ()) -> Plan:
    """Return a plan after checking it and the files that its runs write. Raises ConfigurationError or UsageError."""
    from facesnap_cli.backups.plans.plan import read_plan

    parsed = read_plan(plan)
    outputs = [*parsed.outputs(app.clock.now()), *summaries]
    app.check_outputs(outputs, [InputPath(plan, "the plan, which this run reads")])
    return parsed


def job_summary_of(environment: Mapping[str, str]) -> OutputPath | None:
    """Return the file in which GitHub Actions expects the summary of a job; None elsewhere."""
    path = environment.get("GITHUB_STEP_SUMMARY")
    label = f"GITHUB_STEP_SUMMARY {harmless(path or '')}"
    return OutputPath(Path(path), label, Writing.APPENDED, is_required=False) if path else None
