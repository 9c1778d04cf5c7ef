"""The console entry. `--version` is answered before anything else is imported."""

from __future__ import annotations

import gc
import os
import sys

from facesnap_cli import __version__


def run() -> None:
    """Run the program and end the process with its exit status."""
    if sys.argv[1:] in (["--version"], ["-V"]) and sys.stdout:
        try:
            print(f"facesnap {__version__}", flush=True)
        except OSError:
            # The whole program says why, on a stream without what could not be written.
            sys.stdout = open(sys.stdout.fileno(), "w", closefd=False)  # noqa: SIM115 - for as long as the process lives
        else:
            return
    import signal

    from facesnap_cli.common.stdio import prepare_streams

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until `main` listens, Ctrl-C just ends the program
    prepare_streams()
    _tune_start_up()
    status = _complete() if sys.argv[1:2] == ["__complete"] else _main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or 1
    # Threads that still wait for an answer must not hold up the end: everything that matters is committed.
    os._exit(status)


def _complete() -> int:
    from facesnap_cli.cli.completion import complete

    return complete(sys.argv[2:])


def _main() -> int:
    from facesnap_cli.cli.main import main

    return main()


def _tune_start_up() -> None:
    # Imports make much and free nothing: looking for garbage among it takes time.
    gc.set_threshold(50_000)
    # Where click is installed, httpx loads its own command line with it. None is Python's documented way to say that
    # a module is not there, for which httpx is prepared; it halves the time of its import.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


if __name__ == "__main__":
    run()
