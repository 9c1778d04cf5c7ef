"""The console entry. `--version` is answered before anything else is imported."""

from __future__ import annotations

import os
import sys

from facesnap_cli import __version__


def run() -> None:
    """Run the program and end the process with its exit status."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        print(f"facesnap {__version__}")
        return
    from facesnap_cli.cli import main

    _prepare_streams()
    status = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or 1
    # Threads that still wait for an answer must not hold up the end: everything that matters is committed.
    os._exit(status)


def _prepare_streams() -> None:
    """Let neither a closed stream nor a name that the locale cannot write be a reason to fail."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for as long as the process lives
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    run()
