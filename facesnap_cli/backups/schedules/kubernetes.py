"""Write a Kubernetes CronJob that runs a plan."""

from __future__ import annotations

import shlex

from facesnap_cli.backups.schedules.plan_facts import PACKAGE, PlanFacts
from facesnap_cli.backups.schedules.quoting import yaml_string
from facesnap_cli.backups.schedules.template_files import fill
from facesnap_cli.common.escape import harmless

_STATE = "/var/lib/facesnap"


def kubernetes(facts: PlanFacts) -> list[str]:
    """Return a CronJob. It keeps the journal on a volume, so that a run resumes what the last one left."""
    config = facts.invocation.config
    plan, copy = f"/etc/facesnap/{facts.plan.name}", ""
    if facts.relative_paths:
        # They start from the plan's directory, which as a mounted ConfigMap is read-only.
        copy = f"cp {shlex.quote(plan)} {_STATE}/ && "
        plan = f"{_STATE}/{facts.plan.name}"
    command = f"pip install --quiet {PACKAGE} && {copy}exec facesnap run {shlex.quote(plan)} --quiet"
    return fill(
        "kubernetes.yaml",
        name=facts.name,
        plan=shlex.quote(facts.plan.name),
        package=PACKAGE,
        cron=facts.frequency.cron,
        state=_STATE,
        command=yaml_string(command),
        config=f" {shlex.quote(f'--from-file=facesnap.toml={harmless(str(config))}')}" if config else "",
        variables=[
            f"{{name: {name}, value: {yaml_string(value)}}}"
            for name, value in facts.invocation.remote_variables("/etc/facesnap/facesnap.toml")
        ],
        copied_paths=[", ".join(facts.relative_paths)] if facts.relative_paths else [],
        unmounted_paths=facts.absolute_paths,
    )
