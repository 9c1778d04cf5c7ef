"""Run the measurements, all but the large ones or those named (`… tests.bench startup`), and print them as Markdown."""

from __future__ import annotations

import pkgutil
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module

import tests.bench
from tests.bench.harness import processor

HELPERS = ("harness", "poller", "__main__")
LARGE = ("large",)


def main(wanted: list[str]) -> None:
    topics = [
        module.name for module in pkgutil.iter_modules(tests.bench.__path__) if module.name not in HELPERS + LARGE
    ]
    today = datetime.now(UTC).date()
    print(f"Measured on {today} with Python {platform.python_version()} on {processor()}.\n")
    for topic in wanted or topics:
        print(import_module(f"tests.bench.{topic}").report(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
