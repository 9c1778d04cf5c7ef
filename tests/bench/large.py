"""What large groups cost: processor time and memory of an export and an import, for growing numbers of persons."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench.archives import configure, draw_images, group_of, run
from tests.bench.harness import Cost, table

PERSONS = (1_000, 10_000, 100_000)


def report() -> str:
    rows = [row for persons in PERSONS for row in _rows(persons)]
    header = ["", "persons", "CPU, s", "CPU, ms a person", "peak, MiB"]
    return "### Large groups\n\nOne face for each person, no rate limit.\n\n" + table(header, rows)


def _rows(persons: int) -> list[list[str]]:
    with tempfile.TemporaryDirectory(prefix="facesnap-bench-") as name, group_of(Path(name), persons, 1) as endpoint:
        directory = Path(name)
        configure(directory, endpoint)
        plain, whole, images = (directory / part for part in ("plain.facesnap", "whole.facesnap", "images"))
        export = ("export", "-t", "LargePersonGroup", "-i", "bench", "-p", "unlimited", "--to")
        costs = {"export": run(directory, *export, str(plain))}
        draw_images(plain, images)
        costs["export with images"] = run(directory, *export, str(whole), "--images", str(images))
        costs["import"] = run(directory, "import", str(whole), "-p", "unlimited-target", "-i", "bench")
    return [_row(what, persons, cost) for what, cost in costs.items()]


def _row(what: str, persons: int, cost: Cost) -> list[str]:
    per_person_ms = cost.cpu_s * 1000 / persons
    return [what, f"{persons:,}", f"{cost.cpu_s:.1f}", f"{per_person_ms:.2f}", f"{cost.peak_mib:.0f}"]
