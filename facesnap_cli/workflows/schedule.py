"""A plan's schedule as text for cron, systemd, GitHub Actions, Azure Pipelines and Kubernetes."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facesnap_cli import __version__
from facesnap_cli.errors import UsageError
from facesnap_cli.text import harmless
from facesnap_cli.workflows.rhythm import Rhythm

PACKAGE = f"facesnap-cli=={__version__}"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What is scheduled. `program` is facesnap's path here, `key_variables` the variables that hold keys."""

    plan: Path
    program: str
    rhythm: Rhythm
    key_variables: tuple[str, ...]

    @property
    def name(self) -> str:
        """A name that every scheduler takes: `facesnap-nightly`."""
        own = "".join(char if char.isascii() and char.isalnum() else "-" for char in self.plan.stem.lower())
        return f"facesnap-{own.strip('-') or 'plan'}"[:50]


def crontab(one: Scheduled) -> list[str]:
    """A line for `crontab -e`. Cron keeps the machine's time zone."""
    command = shlex.join([one.program, "run", str(one.plan.resolve()), "--quiet"]).replace("%", r"\%")
    return ["# The times are the machine's own; mail or [notify] tells of failures.", f"{one.rhythm.cron} {command}"]


def systemd(one: Scheduled) -> list[str]:
    """A service and a timer."""
    command = " ".join(_systemd_quoted(word) for word in (one.program, "run", str(one.plan.resolve()), "--quiet"))
    return [
        f"# ~/.config/systemd/user/{one.name}.service",
        "[Unit]",
        f"Description=facesnap run {one.plan.name.replace('%', '%%')}",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        "TimeoutStartSec=infinity",
        f"ExecStart={command}",
        "",
        f"# ~/.config/systemd/user/{one.name}.timer; then: systemctl --user enable --now {one.name}.timer",
        "[Unit]",
        f"Description=When to run {one.name}",
        "",
        "[Timer]",
        f"OnCalendar={one.rhythm.calendar}",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]


def github(one: Scheduled) -> list[str]:
    """A workflow. The journal is kept in the cache, so that a run goes on where the last one stopped."""
    return [
        f"# .github/workflows/{one.name}.yml; the plan and facesnap.toml (profiles with key_env) lie in the repository",
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
        f"      - run: pip install {PACKAGE}",
        "      - uses: actions/cache/restore@v4",
        "        with:",
        "          path: .facesnap",
        f"          key: {one.name}-${{{{ github.run_id }}}}",
        f"          restore-keys: {one.name}-",
        f"      - run: facesnap run {_yaml_command(one.plan.name)} --quiet",
        *_block("        env:", [f"          {name}: ${{{{ secrets.{name} }}}}" for name in one.key_variables]),
        "      - uses: actions/cache/save@v4",
        "        if: always()",
        "        with:",
        "          path: .facesnap",
        f"          key: {one.name}-${{{{ github.run_id }}}}",
    ]


def azure(one: Scheduled) -> list[str]:
    """A pipeline. Agents begin empty: only a state directory on a disk that stays lets a run go on with the last."""
    return [
        "# azure-pipelines.yml; the plan and facesnap.toml (profiles with key_env) lie in the repository",
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
        f"  - script: pip install {PACKAGE}",
        f"  - script: facesnap run {_yaml_command(one.plan.name)} --quiet --summary $(Agent.TempDirectory)/facesnap.md",
        f"    displayName: facesnap run {_yaml_command(one.plan.name)}",
        "    env:",
        "      FACESNAP_CONFIG: facesnap.toml",
        *[f"      {name}: $({name})" for name in one.key_variables],
        '  - script: echo "##vso[task.uploadsummary]$(Agent.TempDirectory)/facesnap.md"',
        "    condition: always()",
    ]


def kubernetes(one: Scheduled) -> list[str]:
    """A CronJob. The volume `state` keeps the journal, so that a run goes on where the last one stopped."""
    plan = shlex.quote(f"/etc/facesnap/{one.plan.name}")
    command = f"pip install --quiet {PACKAGE} && exec facesnap run {plan} --quiet"
    return [
        f"# kubectl create configmap {one.name} --from-file={shlex.quote(one.plan.name)} --from-file=facesnap.toml",
        f"# kubectl create secret generic {one.name} --from-literal=... (the variables that key_env names)",
        f"# and a PersistentVolumeClaim {one.name}",
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
        "                  value: /var/lib/facesnap",
        "              envFrom:",
        "                - secretRef:",
        f"                    name: {one.name}",
        "              volumeMounts:",
        "                - name: plan",
        "                  mountPath: /etc/facesnap",
        "                - name: state",
        "                  mountPath: /var/lib/facesnap",
        "          volumes:",
        "            - name: plan",
        "              configMap:",
        f"                name: {one.name}",
        "            - name: state",
        "              persistentVolumeClaim:",
        f"                claimName: {one.name}",
    ]


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


def _systemd_quoted(word: str) -> str:
    escaped = word.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != word or any(char in word for char in " '\t;") else word


def _yaml(text: str) -> str:
    return json.dumps(text)


def _yaml_command(name: str) -> str:
    """Return a word for a shell command that stands in YAML without quotes."""
    if not all(char.isalnum() or char in "._-" for char in name):
        raise UsageError(f"the plan's name {harmless(name)!r} has characters that pipelines stumble over")
    return name


def _block(head: str, lines: list[str]) -> list[str]:
    return [head, *lines] if lines else []
