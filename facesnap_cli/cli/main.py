"""The command table, loaded lazily, and `main`: the one place where errors become output and exit status."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib import import_module
from types import FrameType
from typing import Annotated, Any, NamedTuple

import typer
from typer.exceptions import Exit, TyperException
from typer.main import get_command

from facesnap_cli import __version__
from facesnap_cli.cli.command_types import HELP, CommandGroup, local_options, params_of, service_options
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import FacesnapError, InterruptedBySignal, Interruption, OutputError, UsageError
from facesnap_cli.common.hints import CompleteCommand, Hint

BROKEN_PIPE = 141
_OUTPUT_OPTION = re.compile(r"--output|-[qvyn]*o")
_OUTPUT_WITH_VALUE = re.compile(r"-[qvyn]*o(\w+)")


class Entry(NamedTuple):
    """A command: its module in `facesnap_cli.commands`, the group it is shown in, and its help in a line."""

    module: str
    group: str
    help: str


TABLE = {
    "take": Entry("take", "Snapshots", "Take a snapshot of an object and wait for it."),
    "apply": Entry("apply", "Snapshots", "Apply a snapshot to the profile's subscription and wait."),
    "list": Entry("list", "Snapshots", "List the snapshots that this subscription may see."),
    "show": Entry("show", "Snapshots", "Show one snapshot, with the time it has left."),
    "update": Entry("update", "Snapshots", "Change a snapshot's scope or user data."),
    "delete": Entry("delete", "Snapshots", "Delete snapshots."),
    "status": Entry("status", "Operations", "Look once at operations: those given, or all open ones."),
    "wait": Entry("wait", "Operations", "Wait for operations: those given, or all open ones."),
    "copy": Entry("copy", "Backups", "Copy an object to other accounts: take, apply, verify."),
    "run": Entry("run", "Backups", "Back up everything that a plan file names."),
    "schedule": Entry("schedule", "Backups", "Print what runs a plan regularly: cron, systemd, pipelines."),
    "export": Entry("export", "Archives", "Read an object into an archive file."),
    "import": Entry("import_", "Archives", "Build an object from an archive file."),
    "inspect": Entry("inspect", "Archives", "Show what an archive holds."),
    "diff": Entry("diff", "Archives", "Compare an archive with another one, or with the service."),
    "config": Entry("config", "Setup", "Make, show and change the configuration."),
    "doctor": Entry("doctor", "Setup", "Check configuration, key, endpoint and journal."),
    "completion": Entry("completion", "Setup", "Print the script that completes command lines with TAB."),
    "emulator": Entry("emulator", "Setup", "Run a local Face service."),
}


class Facesnap(CommandGroup):
    """The program's commands. A command's module is imported when the command is resolved."""

    def __init__(self) -> None:
        super().__init__(
            name="facesnap",
            help="Back up and restore Azure Face person groups and face lists.\n\n"
            "facesnap take --type PersonGroup --object-id employees\n"
            "facesnap apply latest --profile dr --verify full",
            params=[*params_of(version_option), *params_of(local_options), *params_of(service_options)],
            rich_markup_mode=None,
            context_settings=HELP,
        )
        self.commands: dict[str, Any] = dict.fromkeys(TABLE)  # the names, for suggestions; see get_command

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Understand `help COMMAND` as `COMMAND --help`."""
        return super().parse_args(ctx, [*args[1:], "--help"] if args[:1] == ["help"] else args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in TABLE:
            return None
        command = get_command(import_module(f"facesnap_cli.commands.{TABLE[cmd_name].module}").app)
        command.name = cmd_name
        return command

    def short_help_of(self, name: str) -> str:
        return TABLE[name].help

    def list_commands(self, ctx: Any) -> list[str]:
        return list(TABLE)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for group in dict.fromkeys(entry.group for entry in TABLE.values()):
            with formatter.section(group):
                formatter.write_dl([(name, entry.help) for name, entry in TABLE.items() if entry.group == group])

    def invoke(self, ctx: Any) -> Any:
        if ctx.params.pop("version"):
            sys.stdout.write(f"facesnap {__version__}\n")
            return None
        App.of(ctx).add_options(ctx.params)
        return super().invoke(ctx)


def main(arguments: Sequence[str] | None = None, app: App | None = None) -> int:
    """Run a command line (without the program's name) and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    app = app or App()
    try:
        with _signals():
            program = Facesnap()
            with program.make_context("facesnap", given, obj=app) as context:
                program.invoke(context)
            _end_output(app)
        return 0
    except Exit as end:  # of --help
        return end.exit_code
    except TyperException as error:
        return _fail(app, given, _usage(error))
    except FacesnapError as error:
        return _fail(app, given, error)
    except Interruption as interruption:
        hint, resume = app.way_on()
        return _fail(app, given, InterruptedBySignal(interruption.signal_number, hint=hint, resume=resume))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as bug:
        if app.options.debug:
            raise
        return _fail(app, given, _bug(bug))
    finally:
        app.close()


def version_option(
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False,
) -> None:
    """The option of the program itself."""


def _end_output(app: App) -> None:
    """Let all of the output be written. Raises OutputError or BrokenPipeError where that, or a query, failed."""
    app.end_output()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"the output could not be written: {error.strerror}") from error


def _fail(app: App, arguments: Sequence[str], error: FacesnapError) -> int:
    """Tell an error, and return its exit status. What the output failed with is told too, but counts for less."""
    also = None
    with contextlib.suppress(OSError):
        try:
            _end_output(app)
        except OutputError as trouble:
            also = trouble if trouble is not error else None
    with contextlib.suppress(OSError):
        app.messages.error(error, as_json=_wants_json(app, arguments), also=also, complete=app.complete)
    return error.status


def _usage(error: TyperException) -> FacesnapError:
    if getattr(error, "exit_code", 1) != 2:
        return FacesnapError(error.format_message())
    context = getattr(error, "ctx", None)
    path = context.command_path.split() if context else ["facesnap"]
    return UsageError(error.format_message(), hint=Hint(CompleteCommand([*path, "--help"]), " shows what there is"))


def _bug(bug: Exception) -> FacesnapError:
    if isinstance(bug, OSError):
        return FacesnapError(f"the system refused: {bug}", code="System")
    return FacesnapError(
        f"a bug in facesnap: {type(bug).__name__}: {bug}", hint="please report it with what --debug prints"
    )


def _wants_json(app: App, arguments: Sequence[str]) -> bool:
    """Tell whether errors are wanted as JSON, also where the command line could not be understood."""
    words = list(arguments)
    given = [word.partition("=")[2] for word in words if word.startswith("--output=")]
    given += [after for word, after in itertools.pairwise(words) if _OUTPUT_OPTION.fullmatch(word)]
    given += [found[1] for word in words if (found := _OUTPUT_WITH_VALUE.fullmatch(word))]
    if not given and (variable := app.environment.get("FACESNAP_OUTPUT")):
        given = [variable]
    if given:
        return given[-1].lower() in ("json", "jsonl")
    with contextlib.suppress(Exception):  # whatever is wrong, it is to be told, not to end the telling
        return app.settings.output in ("json", "jsonl")
    return False


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into an Interruption. A second one, or one after the block, ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if caught:
            os._exit(128 + number)
        caught.append(number)
        raise Interruption(number)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
