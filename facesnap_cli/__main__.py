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

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the locale cannot write is no reason to fail
    status = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or 1
    # Threads that still wait for an answer must not hold up the end: everything that matters is committed.
    os._exit(status)


if __name__ == "__main__":
    run()
