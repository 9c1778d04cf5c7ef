"""Write a GitHub Actions workflow that runs a plan."""

from __future__ import annotations

from facesnap_cli.backups.schedules.plan_facts import PACKAGE, PlanFacts
from facesnap_cli.backups.schedules.quoting import plain_word, yaml_entry
from facesnap_cli.backups.schedules.template_files import fill


def github(facts: PlanFacts) -> list[str]:
    """Return a workflow. It keeps the journal in the cache, so that a run resumes what the last one left."""
    # The runner is deleted after the run, and the archives with it unless they become artifacts.
    artifacts = fill("github-artifacts.yaml", name=facts.name, archives=facts.archives) if facts.archives else []
    return fill(
        "github.yaml",
        name=facts.name,
        plan=plain_word(facts.plan.name),
        package=PACKAGE,
        images=facts.images_text,
        config=facts.config_text,
        variables=[yaml_entry(*pair) for pair in facts.invocation.remote_variables("facesnap.toml")],
        cron=facts.frequency.cron,
        # A key `env` without a value is an error in a workflow.
        env=["env:"] if facts.key_variables else [],
        key_variables=facts.key_variables,
        artifacts=artifacts,
    )
