"""A plan's schedule for GitHub Actions, Azure Pipelines and Kubernetes, whose machines begin empty."""

from __future__ import annotations

import json
import shlex
from pathlib import PurePosixPath

from facesnap_cli.backups.schedules.plan_facts import PACKAGE, Scheduled
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless

_STATE = "/var/lib/facesnap"
_NO_INDEX = "where no package index has it: the path of the wheel that `make package` builds, kept with the plan"


def github(one: Scheduled) -> list[str]:
    """A workflow. The journal is kept in the cache, so that a run goes on where the last one stopped."""
    return [
        f"# .github/workflows/{one.name}.yml; {_in_the_repository(one)}",
        f"name: {one.name}",
        "on:",
        "  schedule:",
        f"    - cron: {_yaml(one.rhythm.cron)}",
        "  workflow_dispatch:",
        "concurrency:",
        f"  group: {one.name}",
        "jobs:",
        "  backup:",
        "    runs-on: ubuntu-latest",
        "    env:",
        "      FACESNAP_CONFIG: facesnap.toml",
        "      FACESNAP_STATE_DIR: .facesnap",
        "    steps:",
        "      - uses: actions/checkout@v4",
        "      - uses: actions/setup-python@v5",
        "        with:",
        '          python-version: "3.13"',
        f"      - run: pip install {PACKAGE} # {_NO_INDEX}",
        "      - uses: actions/cache/restore@v4",
        "        with:",
        "          path: .facesnap",
        f"          key: {one.name}-${{{{ github.run_id }}}}",
        f"          restore-keys: {one.name}-",
        f"      - run: facesnap run {_yaml_command(one.plan.name)} --quiet",
        *_block("        env:", [f"          {name}: ${{{{ secrets.{name} }}}}" for name in one.key_variables]),
        *_github_artifacts(one),
        "      - uses: actions/cache/save@v4",
        "        if: always()",
        "        with:",
        "          path: .facesnap",
        f"          key: {one.name}-${{{{ github.run_id }}}}",
    ]


def azure(one: Scheduled) -> list[str]:
    """A pipeline. The journal is kept in the cache, which is written by runs that succeed."""
    cache = f'"{one.name}"'
    return [
        f"# azure-pipelines.yml; {_in_the_repository(one)}",
        "trigger: none",
        "schedules:",
        f"  - cron: {_yaml(one.rhythm.cron)}",
        f"    displayName: {one.name}",
        "    branches:",
        "      include: [main]",
        "    always: true",
        "steps:",
        "  - task: UsePythonVersion@0",
        "    inputs:",
        '      versionSpec: "3.13"',
        f"  - script: pip install {PACKAGE} # {_NO_INDEX}",
        "  - task: Cache@2 # only a job that succeeds writes it: after another the next run has an older journal",
        "    inputs:",
        f"      key: {_yaml(f'{cache} | $(Build.BuildId)')}",
        f"      restoreKeys: {_yaml(cache)}",
        "      path: $(Pipeline.Workspace)/.facesnap",
        f"  - script: facesnap run {_yaml_command(one.plan.name)} --quiet --summary $(Agent.TempDirectory)/facesnap.md",
        f"    displayName: facesnap run {_yaml_command(one.plan.name)}",
        "    env:",
        "      FACESNAP_CONFIG: facesnap.toml",
        "      FACESNAP_STATE_DIR: $(Pipeline.Workspace)/.facesnap",
        *[f"      {name}: $({name})" for name in one.key_variables],
        '  - script: echo "##vso[task.uploadsummary]$(Agent.TempDirectory)/facesnap.md"',
        "    condition: always()",
        *_azure_artifacts(one),
    ]


def kubernetes(one: Scheduled) -> list[str]:
    """A CronJob. The volume `state` keeps the journal, so that a run goes on where the last one stopped.

    What the plan names from its own directory is there too: a ConfigMap, where the plan comes from, is read-only.
    """
    plan, copied, note = f"/etc/facesnap/{one.plan.name}", "", list[str]()
    if one.relative_paths:
        copied = f"cp {shlex.quote(plan)} {_STATE}/ && "
        plan = f"{_STATE}/{one.plan.name}"
        note = [f"# On it, under {_STATE}, lie {', '.join(one.relative_paths)} too: the plan is copied there"]
    note += [f"# {path} needs a volume of its own" for path in (*one.archives, *one.images) if path.startswith("/")]
    command = f"pip install --quiet {PACKAGE} && {copied}exec facesnap run {shlex.quote(plan)} --quiet"
    return [
        f"# kubectl create configmap {one.name} --from-file={shlex.quote(one.plan.name)} --from-file=facesnap.toml",
        f"# kubectl create secret generic {one.name} --from-literal=... (the variables that key_env names)",
        f"# and a PersistentVolumeClaim {one.name}",
        *note,
        f"# Where no package index has {PACKAGE}: an image that has it from the wheel that `make package` builds",
        "apiVersion: batch/v1",
        "kind: CronJob",
        "metadata:",
        f"  name: {one.name}",
        "spec:",
        f"  schedule: {_yaml(one.rhythm.cron)}",
        "  timeZone: Etc/UTC",
        "  concurrencyPolicy: Forbid",
        "  jobTemplate:",
        "    spec:",
        "      backoffLimit: 0",
        "      template:",
        "        spec:",
        "          restartPolicy: Never",
        "          containers:",
        "            - name: facesnap",
        "              image: python:3.13-slim",
        f"              command: {json.dumps(['sh', '-c', command])}",
        "              env:",
        "                - name: FACESNAP_CONFIG",
        "                  value: /etc/facesnap/facesnap.toml",
        "                - name: FACESNAP_STATE_DIR",
        f"                  value: {_STATE}",
        "              envFrom:",
        "                - secretRef:",
        f"                    name: {one.name}",
        "              volumeMounts:",
        "                - name: plan",
        "                  mountPath: /etc/facesnap",
        "                - name: state",
        f"                  mountPath: {_STATE}",
        "          volumes:",
        "            - name: plan",
        "              configMap:",
        f"                name: {one.name}",
        "            - name: state",
        "              persistentVolumeClaim:",
        f"                claimName: {one.name}",
    ]


def _in_the_repository(one: Scheduled) -> str:
    images = "".join(f", {path}" for path in one.images)
    return f"the plan{images} and facesnap.toml (profiles with key_env) lie in the repository"


def _github_artifacts(one: Scheduled) -> list[str]:
    """Return the step that keeps the archives: the machine is gone after the run."""
    if not one.archives:
        return []
    return [
        "      - uses: actions/upload-artifact@v4 # personal data: all who may read the repository can download it",
        "        if: always()",
        "        with:",
        f"          name: {one.name}",
        "          path: |",
        *[f"            {path}" for path in one.archives],
        "          if-no-files-found: error",
        "          retention-days: 90",
    ]


def _azure_artifacts(one: Scheduled) -> list[str]:
    """Return the steps that keep the archives: the agent is gone after the run."""
    lines = []
    for path in map(PurePosixPath, one.archives):
        fixed = next((n for n, part in enumerate(path.parts) if "*" in part), len(path.parts) - 1)
        lines += [
            "  - task: CopyFiles@2",
            "    condition: succeededOrFailed()",
            "    inputs:",
            f"      sourceFolder: {_yaml(str(PurePosixPath(*path.parts[:fixed])))}",
            f"      contents: {_yaml('/'.join(path.parts[fixed:]))}",
            "      targetFolder: $(Build.ArtifactStagingDirectory)",
        ]
    if lines:
        lines += [
            "  - publish: $(Build.ArtifactStagingDirectory) # personal data: all who may see the runs can download it",
            f"    artifact: {one.name}",
            "    condition: succeededOrFailed()",
        ]
    return lines


def _yaml(text: str) -> str:
    return json.dumps(text)


def _yaml_command(name: str) -> str:
    """Return a word for a shell command that stands in YAML without quotes."""
    if not all(char.isalnum() or char in "._-" for char in name):
        raise UsageError(f"the plan's name {harmless(name)!r} has characters that pipelines stumble over")
    return name


def _block(head: str, lines: list[str]) -> list[str]:
    return [head, *lines] if lines else []
