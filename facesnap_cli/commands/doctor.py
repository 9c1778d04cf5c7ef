"""facesnap doctor"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from facesnap_cli import __version__
from facesnap_cli.backups.health.finding import Check, Finding, Found, Health, ok, run_checks, verdict
from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import ConfigurationError
from facesnap_cli.common.hints import Hint, command

app = typer_app()
AsCronOption = Annotated[
    bool, typer.Option("--as-cron", help="Check as cron would run it: bare environment, no terminal.")
]
PlanArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[PLAN]", parser=options.input_path("PLAN"), help="Check all that this plan needs."),
]
CRON_PATH = "/usr/bin:/bin"
CRON_TIMEOUT_S = 600.0


@app.command(cls=ServiceCommand)
def doctor(ctx: typer.Context, plan: PlanArgument = None, as_cron: AsCronOption = False) -> None:
    """Check configuration, key, endpoint, clock, snapshot feature and journal: a line each, with what to do.

    With a plan, check each of its profiles, image directories and targets. Nothing is changed.

    facesnap doctor --profile prod
    facesnap doctor nightly.toml --as-cron
    """
    from facesnap_cli.display.columns import FINDING

    app = App.of(ctx)
    findings = check_as_cron(app, plan) if as_cron else findings_here(app, plan)
    app.output.records([finding.document() for finding in findings], FINDING)
    app.raise_if(verdict(findings))


def findings_here(app: App, plan: Path | None) -> list[Finding]:
    """Return what the checks of this machine find, and then those of the plan, or of the account without a plan."""
    from facesnap_cli.backups.health.account_checks import AccountChecks

    app.clock_difference.silence()
    about_machine = run_checks(MachineChecks(app).checks(), app.complete)
    if plan is None:
        account = AccountChecks(app.dependencies)
        return [*about_machine, *run_checks(account.checks(), app.complete, known=about_machine)]
    from facesnap_cli.backups.health.plan_checks import PlanChecks
    from facesnap_cli.commands.run import checked_plan

    checks = PlanChecks(app.dependencies, lambda: checked_plan(app, plan))
    return checks.run(app.complete, about_machine)


class MachineChecks:
    """The checks of this installation. Each is a method that returns what it found or raises what is wrong."""

    def __init__(self, app: App):
        self._app = app

    def checks(self) -> Sequence[Check]:
        """Return the checks, in the order in which problems are to be mended."""
        return (
            Check("versions", (), self._versions),
            Check("configuration", (), self._configuration),
            Check("permissions", (), self._permissions),
            Check("journal", (), self._journal),
        )

    def _versions(self) -> Found:
        import platform
        import sqlite3

        extras = {"emulator": "starlette", "keyring": "keyring", "entra": "azure.identity"}
        present = [extra for extra, module in extras.items() if _is_installed(module)]
        return ok(
            f"facesnap {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version};"
            f" extras: {', '.join(present) or 'none'}"
        )

    def _configuration(self) -> Found:
        from facesnap_cli.common.escape import counted

        settings = self._app.settings
        for name in settings.profile_names:
            settings.for_profile(name).check()
        settings.check()
        chosen = f"profile {settings.profile}" if settings.profile else "no profile is chosen"
        if not settings.file.exists:
            return ok(f"there is no file {settings.file.path}; {chosen}")
        return ok(f"{settings.file.path}: {counted(len(settings.file.profiles), 'profile')}; {chosen}")

    def _permissions(self) -> Found:
        import shlex

        from facesnap_cli.config.locations import state_directory

        directory = state_directory(self._app.environment)
        open_to_others = [path for path in (directory, directory / "journal.db") if _others_may_read(path)]
        if open_to_others:
            names = " ".join(str(path) for path in open_to_others)
            command = shlex.join(["chmod", "go=", *map(str, open_to_others)])
            return Health.WARNING, f"others may read {names}, which tells what you back up", command
        return ok(f"others may not read {directory}")

    def _journal(self) -> Found:
        from facesnap_cli.common.escape import counted

        journal = self._app.dependencies.journal
        still_open, known = len(journal.open_operations()), len(journal.all_operations())
        hint = Hint(command("status"), " looks at them, ", command("wait"), " waits for them") if still_open else ""
        return Health.OK, f"{journal.path}: {counted(known, 'operation')}, {still_open} open", hint


def check_as_cron(app: App, plan: Path | None) -> list[Finding]:
    """Return what the checks find when cron starts them: with next to no environment, and without a terminal.

    Raises ConfigurationError if they cannot be started.
    """
    import json
    import subprocess

    from facesnap_cli.common.escape import harmless

    home = app.environment.get("HOME") or os.path.expanduser("~")
    if not os.path.isabs(home):
        raise ConfigurationError("this user's home directory is not known", hint="set HOME")
    environment = {"HOME": home, "PATH": CRON_PATH, "SHELL": "/bin/sh"}
    environment |= {name: app.environment[name] for name in ("LOGNAME", "USER") if name in app.environment}
    words = [sys.executable, "-P", "-m", "facesnap_cli", "doctor", "-o", "json", *app.arguments()]
    words += ["--", str(plan.absolute())] if plan else []
    try:
        done = subprocess.run(  # noqa: S603 (this program itself)
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CRON_TIMEOUT_S,
            env=environment,
            cwd=home,
            start_new_session=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"this cannot be started as cron would: {harmless(str(error))[:300]}") from error
    try:
        findings = [Finding.from_document(document) for document in json.loads(done.stdout)]
    except (ValueError, KeyError, TypeError) as error:
        said = harmless(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])[:300]
        raise ConfigurationError(f"started as cron would, this ended with {done.returncode}: {said}") from error
    return [_cron_environment(app, home), *findings]


def _cron_environment(app: App, home: str) -> Finding:
    import shutil

    lost = sorted(name for name in app.environment if name.startswith("FACESNAP_"))
    message = f"as cron's: HOME={home}, PATH={CRON_PATH}, no terminal"
    program = Path(sys.executable).with_name("facesnap")
    if lost:
        hint = f"set here and not there: {', '.join(lost)}; put them into the crontab or the configuration file"
        return Finding("environment", Health.WARNING, message, hint)
    if shutil.which("facesnap", path=CRON_PATH) is None and program.exists():
        return Finding("environment", Health.WARNING, message, f"in a crontab, write the whole path: {program}")
    return Finding("environment", Health.OK, message)


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _others_may_read(path: Path) -> bool:
    try:
        return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except OSError:
        return False
