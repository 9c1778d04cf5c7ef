"""facesnap doctor"""

from __future__ import annotations

import enum
import os
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from facesnap_cli import __version__
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import (
    ConfigurationError,
    CredentialsError,
    FacesnapError,
    FeatureMissingError,
    OutcomeUnknownError,
    UnhealthyError,
    UnreachableError,
)
from facesnap_cli.common.hints import Hint, as_hint, command

if TYPE_CHECKING:
    from facesnap_cli.network.authentication import Credential
    from facesnap_cli.network.responses import Response

app = typer_app()
AsCronOption = Annotated[
    bool, typer.Option("--as-cron", help="Check as cron would run it: bare environment, no terminal.")
]
TOLERATED_SKEW_S = 60.0
FEW_LEFT = 10
CRON_PATH = "/usr/bin:/bin"
CRON_TIMEOUT_S = 600.0


@app.command(cls=ServiceCommand)
def doctor(ctx: typer.Context, as_cron: AsCronOption = False) -> None:
    """Check configuration, key, endpoint, clock, snapshot feature and journal: a line each, with what to do.

    facesnap doctor --profile prod --as-cron
    """
    from facesnap_cli.display.columns import FINDING

    app = App.of(ctx)
    findings = check_as_cron(app) if as_cron else HealthChecks(app).run()
    app.output.records([finding.document() for finding in findings], FINDING)
    app.raise_if(verdict(findings))


class Health(enum.StrEnum):
    """The result of a check. A note needs no mending; a skipped check needs another one that failed."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding of one check, and what to mend. `exit_code` is 0 unless it failed."""

    check: str
    health: Health
    message: str
    hint: str = ""
    exit_code: int = 0

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "check": self.check,
            "status": self.health.value,
            "message": self.message,
            "hint": self.hint or None,
            "exitCode": self.exit_code,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Self:
        """Read the JSON form. Raises KeyError or ValueError for anything else."""
        return cls(
            str(document["check"]),
            Health(str(document["status"])),
            str(document["message"]),
            str(document["hint"] or ""),
            int(str(document["exitCode"])),
        )


Found = tuple[Health, str, str | Hint]


class HealthChecks:
    """The checks of this installation, in the order in which problems are to be mended.

    Each is a method that returns what it found or raises what is wrong.
    """

    def __init__(self, app: App):
        self._app = app
        self._response: Response | None = None
        self._keys: list[Credential] = []

    def run(self) -> list[Finding]:
        """Return what every check found. A check that needs one that failed is skipped."""
        self._app.clock_difference.silence()
        findings: dict[str, Finding] = {}
        for name, needs, check in self._checks():
            missing = [need for need in needs if findings[need].health in (Health.FAILED, Health.SKIPPED)]
            findings[name] = _skipped(name, missing[0]) if missing else self._checked(name, check)
        return list(findings.values())

    def _checks(self) -> Sequence[tuple[str, tuple[str, ...], Callable[[], Found]]]:
        return (
            ("versions", (), self._versions),
            ("configuration", (), self._configuration),
            ("permissions", (), self._permissions),
            ("journal", (), self._journal),
            ("endpoint", ("configuration",), self._endpoint),
            ("key", ("endpoint",), self._key),
            ("subscription", ("configuration",), self._subscription),
            ("service", ("key",), self._service),
            ("clock", ("service",), self._clock),
            ("snapshots", ("service",), self._snapshots),
            ("quota", ("journal", "endpoint"), self._quota),
        )

    def _checked(self, name: str, check: Callable[[], Found]) -> Finding:
        try:
            health, message, hint = check()
        except FacesnapError as error:
            return Finding(name, Health.FAILED, error.message, error.advice.text(self._app.complete), error.status)
        return Finding(name, health, message, as_hint(hint).text(self._app.complete))

    def _versions(self) -> Found:
        import platform
        import sqlite3

        extras = {"emulator": "starlette", "keyring": "keyring", "entra": "azure.identity"}
        present = [extra for extra, module in extras.items() if _is_installed(module)]
        return _ok(
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
            return _ok(f"there is no file {settings.file.path}; {chosen}")
        return _ok(f"{settings.file.path}: {counted(len(settings.file.profiles), 'profile')}; {chosen}")

    def _permissions(self) -> Found:
        import shlex

        from facesnap_cli.config.locations import state_directory

        directory = state_directory(self._app.environment)
        open_to_others = [path for path in (directory, directory / "journal.db") if _others_may_read(path)]
        if open_to_others:
            names = " ".join(str(path) for path in open_to_others)
            command = shlex.join(["chmod", "go=", *map(str, open_to_others)])
            return Health.WARNING, f"others may read {names}, which tells what you back up", command
        return _ok(f"others may not read {directory}")

    def _journal(self) -> Found:
        from facesnap_cli.common.escape import counted

        journal = self._app.dependencies.journal
        still_open, known = len(journal.open_operations()), len(journal.all_operations())
        hint = Hint(command("status"), " looks at them, ", command("wait"), " waits for them") if still_open else ""
        return Health.OK, f"{journal.path}: {counted(known, 'operation')}, {still_open} open", hint

    def _endpoint(self) -> Found:
        from facesnap_cli.network.proxy import proxy_for

        settings, endpoint = self._app.settings, self._app.account.endpoint
        proxy = proxy_for(endpoint, settings.proxy)
        way = f", through the proxy {proxy}" if proxy else ""
        return _ok(f"{endpoint}{way}, from {settings.describe_source('endpoint')}")

    def _subscription(self) -> Found:
        settings = self._app.settings
        if settings.subscription_id:
            return _ok(f"{settings.subscription_id}, from {settings.describe_source('subscription_id')}")
        to_mend = command("config", "set", "subscription_id", "GUID")
        message = "its id is not known: copy needs it of each target, and it tells accounts at one endpoint apart"
        return Health.WARNING, message, Hint("the portal shows it on the resource's overview: ", to_mend)

    def _key(self) -> Found:
        settings = self._app.settings
        self._keys = self._app.account.credential.each()
        if settings.auth == "entra" and not settings.key:
            return _ok("a token of Microsoft Entra ID")
        return _ok(" and ".join(f"{name} from {settings.describe_source(name)}" for name in self._sources()))

    def _sources(self) -> list[str]:
        """Return the settings that give the first key and the second, as far as there are such."""
        from facesnap_cli.face_api.credentials import SECOND_SOURCES, key_sources_of

        settings = self._app.settings
        return [*key_sources_of(settings), *(name for name in SECOND_SOURCES if settings.value_of(name))][
            : len(self._keys)
        ]

    def _service(self) -> Found:
        started = self._app.clock.monotonic()
        refusals = [self._refusal(key) for key in self._keys]
        if refusals[0] and len(refusals) == 1:
            raise refusals[0]
        if refusals[0] and refusals[1]:
            raise CredentialsError(
                f"it refuses both keys, {' and '.join(self._sources())} (401)",
                hint=Hint.joined(refusal.hint for refusal in refusals if refusal),
            )
        first, second = (*self._sources(), "", "")[:2]
        if refusals[0]:
            return (
                Health.WARNING,
                f"it refuses the first key, {first} (401), and takes the second, {second}: runs go on with that",
                f"put the resource's new key into {first}",
            )
        if refusals[1:] and refusals[1]:
            return (
                Health.WARNING,
                f"it takes the first key, {first}, and refuses the second, {second} (401)",
                f"put the resource's other key into {second} before you regenerate the first",
            )
        which = "the key" if len(refusals) == 1 else "both keys"
        return _ok(f"it answers and takes {which}, after {self._app.clock.monotonic() - started:.1f} s")

    def _refusal(self, key: Credential) -> CredentialsError | None:
        """Return how the service refuses a key, None if it takes it. Raises what else is wrong."""
        with closing(self._app.account.client_with(key)) as client:
            try:
                self._response = client.request(
                    "GET", "/persongroups", params={"top": "1"}, what="list person groups", retry=False
                )
            except CredentialsError as error:
                if error.details.get("httpStatus") == 401:
                    return error
                raise
        return None

    def _clock(self) -> Found:
        from email.utils import parsedate_to_datetime

        from facesnap_cli.common.time_format import format_duration

        assert self._response
        try:
            service_time = parsedate_to_datetime(self._response.headers.get("date", ""))
            skew_s = (self._app.clock.now() - service_time).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return _ok("the service does not say what time it is")
        if abs(skew_s) <= TOLERATED_SKEW_S:
            return _ok("this machine's and the service's agree")
        side = "ahead of" if skew_s > 0 else "behind"
        return (
            Health.WARNING,
            f"this machine's is {format_duration(abs(skew_s))} {side} the service's",
            "set it (timedatectl set-ntp true): it says how long snapshots last, and whether --max-age takes one",
        )

    def _snapshots(self) -> Found:
        try:
            self._app.account.snapshots.probe()
        except FeatureMissingError as error:
            what_differs = "what import builds has new ids, and needs the original images"
            return Health.NOTE, error.message, Hint.joined([error.hint, what_differs])
        except OutcomeUnknownError as error:
            raise UnreachableError(error.message, hint="try again later") from error
        return _ok("the endpoint offers them")

    def _quota(self) -> Found:
        from facesnap_cli.models.operations import OperationKind
        from facesnap_cli.operations.quota import quota

        app = self._app
        both = [quota(app.dependencies, app.account, kind) for kind in OperationKind]
        message = "; ".join(str(each) for each in both)
        if min(each.left for each in both) < FEW_LEFT:
            return Health.WARNING, message, "more are refused until some are older than a day (free accounts: a month)"
        return _ok(message)


def check_as_cron(app: App) -> list[Finding]:
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


def verdict(findings: Sequence[Finding]) -> UnhealthyError | None:
    """Return the error that the findings add up to, with the first failed check's exit status; None if none failed."""
    failed = [finding for finding in findings if finding.health is Health.FAILED]
    if not failed:
        return None
    names = ", ".join(finding.check for finding in failed)
    return UnhealthyError(failed[0].exit_code, f"{len(failed)} of {len(findings)} checks failed: {names}")


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


def _ok(message: str) -> Found:
    return Health.OK, message, ""


def _skipped(name: str, need: str) -> Finding:
    return Finding(name, Health.SKIPPED, f"needs {need}")


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
