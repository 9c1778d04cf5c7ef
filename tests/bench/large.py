"""What large groups cost: processor time and memory of an export and an import, for growing numbers of persons."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench.archives import configure, draw_images, group_of, run
from tests.bench.harness import Cost, table
from tests.bench.manifests import verdict, write_manifest

PERSONS = (1_000, 10_000, 100_000)
MOST_TIMES = 3.0  # the processor time a person of the largest export, in those of the smallest
MOST_MIB = 100.0
WITH_MANIFEST = "export with a manifest of images"


def report() -> str:
    costs = {persons: _costs(persons) for persons in PERSONS}
    rows = [_row(what, persons, cost) for persons, by_what in costs.items() for what, cost in by_what.items()]
    header = ["", "persons", "CPU, s", "CPU, ms a person", "peak, MiB"]
    least, most = (costs[persons][WITH_MANIFEST] for persons in (PERSONS[0], PERSONS[-1]))
    times = (most.cpu_s / PERSONS[-1]) / (least.cpu_s / PERSONS[0])
    return (
        "### Large groups\n\nOne face for each person, no rate limit.\n\n"
        + table(header, rows)
        + f"\nThe {WITH_MANIFEST} for {PERSONS[-1]:,} persons: at most {MOST_TIMES:g} times the CPU a person of"
        f" {PERSONS[0]:,} ({verdict(times, MOST_TIMES)}), in less than {MOST_MIB:g} MiB"
        f" ({verdict(most.peak_mib, MOST_MIB)}).\n"
    )


def _costs(persons: int) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory(prefix="facesnap-bench-") as name, group_of(Path(name), persons, 1) as endpoint:
        directory = Path(name)
        configure(directory, endpoint)
        plain, whole, images = (directory / part for part in ("plain.facesnap", "whole.facesnap", "images"))
        export = ("export", "-t", "LargePersonGroup", "-i", "bench", "-p", "unlimited", "--to")
        costs = {"export": run(directory, *export, str(plain))}
        draw_images(plain, images)
        costs["export with images"] = run(directory, *export, str(whole), "--images", str(images))
        listed = ("--images", str(write_manifest(directory, persons)))
        costs[WITH_MANIFEST] = run(directory, *export, str(directory / "listed.facesnap"), *listed)
        costs["import"] = run(directory, "import", str(whole), "-p", "unlimited-target", "-i", "bench")
    return costs


def _row(what: str, persons: int, cost: Cost) -> list[str]:
    per_person_ms = cost.cpu_s * 1000 / persons
    return [what, f"{persons:,}", f"{cost.cpu_s:.1f}", f"{per_person_ms:.2f}", f"{cost.peak_mib:.0f}"]
