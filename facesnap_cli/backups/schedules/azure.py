"""Write an Azure Pipelines file that runs a plan."""

from __future__ import annotations

from pathlib import PurePosixPath

from facesnap_cli.backups.schedules.plan_facts import PACKAGE, PlanFacts
from facesnap_cli.backups.schedules.quoting import plain_word, yaml_entry, yaml_string
from facesnap_cli.backups.schedules.template_files import fill


def azure(facts: PlanFacts) -> list[str]:
    """Return a pipeline. It keeps the journal in the cache, which only successful runs write."""
    return fill(
        "azure.yaml",
        name=facts.name,
        plan=plain_word(facts.plan.name),
        package=PACKAGE,
        images=facts.images_text,
        config=facts.config_text,
        variables=[yaml_entry(*pair) for pair in facts.invocation.remote_variables("facesnap.toml")],
        cron=facts.frequency.cron,
        key_variables=facts.key_variables,
        artifacts=_artifacts(facts),
    )


def _artifacts(facts: PlanFacts) -> list[str]:
    """Return the steps that publish the archives: the agent is deleted after the run."""
    if not facts.archives:
        return []
    copies = [line for archive in facts.archives for line in _copy(PurePosixPath(archive))]
    return [*copies, *fill("azure-publish.yaml", name=facts.name)]


def _copy(archive: PurePosixPath) -> list[str]:
    """Return the step that copies one archive. Only its `contents` may have a *, not its `sourceFolder`."""
    parts = archive.parts
    fixed = next((number for number, part in enumerate(parts) if "*" in part), len(parts) - 1)
    return fill(
        "azure-copy.yaml",
        folder=yaml_string(str(PurePosixPath(*parts[:fixed]))),
        contents=yaml_string("/".join(parts[fixed:])),
    )
