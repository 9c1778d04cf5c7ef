"""Run a command line: the only place where errors become output and an exit status."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Sequence

from typer.exceptions import Exit, TyperException

from facesnap_cli.cli.command_table import Facesnap
from facesnap_cli.cli.context import App
from facesnap_cli.cli.signals import signals_as_interruptions
from facesnap_cli.common.errors import (
    FacesnapError,
    InterruptedBySignal,
    Interruption,
    OutputError,
    UsageError,
    system_error,
)
from facesnap_cli.common.hints import CompleteCommand, Hint
from facesnap_cli.common.patterns import pattern

BROKEN_PIPE = 141
_OUTPUT_OPTION = pattern(r"--output|-[qvyn]*o")
_OUTPUT_WITH_VALUE = pattern(r"-[qvyn]*o(\w+)")


def main(arguments: Sequence[str] | None = None, app: App | None = None) -> int:
    """Run a command line (without the program's name) and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    app = app or App()
    try:
        status = _run(given, app)
        if app.log:
            app.log.write(f"ended with exit status {status}")
        return status
    finally:
        app.close()


def _run(given: Sequence[str], app: App) -> int:
    """Run a command line and return its exit status. Every error but a bug under `--debug` is printed."""
    try:
        with signals_as_interruptions():
            program = Facesnap()
            with program.make_context("facesnap", list(given), obj=app) as context:
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
        hint, resume = app.resume_advice()
        return _fail(app, given, InterruptedBySignal(interruption.signal_number, hint=hint, resume=resume))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as bug:
        if app.options.debug:
            raise
        return _fail(app, given, _bug(bug))


def _end_output(app: App) -> None:
    """Write all of the output. Raises OutputError or BrokenPipeError if that, or a query, failed."""
    app.end_output()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"the output could not be written: {error.strerror}") from error


def _fail(app: App, arguments: Sequence[str], error: FacesnapError) -> int:
    """Print an error and return its exit status. A failure of the output is printed too."""
    also = None
    app.explain(error)
    with contextlib.suppress(OSError):
        try:
            _end_output(app)
        except OutputError as trouble:
            also = trouble if trouble is not error else None
    with contextlib.suppress(OSError):
        app.messages.error(error, as_json=_wants_json(app, arguments), also=also)
    return error.status


def _usage(error: TyperException) -> FacesnapError:
    if getattr(error, "exit_code", 1) != 2:
        return FacesnapError(error.format_message())
    context = getattr(error, "ctx", None)
    path = context.command_path.split() if context else ["facesnap"]
    if context and (option := getattr(error, "option_name", "")) and type(error).__name__ == "NoSuchOption":
        from facesnap_cli.cli.other_words import unknown_option

        return unknown_option(option, context)
    message = error.format_message()
    if message.startswith("Got unexpected extra argument"):
        surplus = message.partition("(s) (")[2].removesuffix(")")
        message = f"{' '.join(path[1:])}: {surplus} is more than it takes"
    elif message.startswith("Missing "):
        message = f"{' '.join(path[1:])}: {message[0].lower()}{message[1:].removesuffix('.')}"
    return UsageError(message, hint=Hint(CompleteCommand([*path, "--help"]), " shows what there is"))


def _bug(bug: Exception) -> FacesnapError:
    if isinstance(bug, OSError):
        return system_error(bug)
    return FacesnapError(
        f"a bug in facesnap: {type(bug).__name__}: {bug}", hint="please report it with what --debug prints"
    )


def _wants_json(app: App, arguments: Sequence[str]) -> bool:
    """Return whether to print errors as JSON, even if the command line could not be parsed."""
    words = list(arguments)
    given = [word.partition("=")[2] for word in words if word.startswith("--output=")]
    given += [after for word, after in itertools.pairwise(words) if _OUTPUT_OPTION.fullmatch(word)]
    given += [found[1] for word in words if (found := _OUTPUT_WITH_VALUE.fullmatch(word))]
    if not given and (variable := app.environment.get("FACESNAP_OUTPUT")):
        given = [variable]
    if given:
        return given[-1].lower() in ("json", "jsonl")
    with contextlib.suppress(Exception):  # an error in the settings must not hide the error that is to be printed
        return app.settings.output in ("json", "jsonl")
    return False
