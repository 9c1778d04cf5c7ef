"""What the matching of images costs: exports with a manifest by name, and a dry run of many files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.archives import configure, group_of, run
from tests.bench.harness import Cost, table

FEW, MANY = 1_000, 10_000
MOST_TIMES = 2.0  # the processor time a face of an export of MANY, in those of FEW
FILES = 40_000
MOST_S = 60.0
EXPORT = ("export", "-t", "LargePersonGroup", "-i", "bench", "-p", "unlimited")


def report() -> str:
    few, many = (export_with_manifest(persons) for persons in (FEW, MANY))
    per_face_ms = [cost.cpu_s * 1000 / persons for cost, persons in ((few, FEW), (many, MANY))]
    times = per_face_ms[1] / per_face_ms[0]
    shown = dry_run_of(FILES)
    rows = [
        [f"export, {FEW:,} faces", *_columns(few, FEW), ""],
        [
            f"export, {MANY:,} faces",
            *_columns(many, MANY),
            f"{MOST_TIMES:g} × the CPU a face: {verdict(times, MOST_TIMES)}",
        ],
        [f"`--dry-run`, {FILES:,} faces", *_columns(shown, FILES), f"{MOST_S:g} s: {verdict(shown.wall_s, MOST_S)}"],
    ]
    header = ["", "wall, s", "CPU, s", "CPU, ms a face", "peak, MiB", "limit"]
    return "### Images by a manifest of names\n\nOne face and one file for each person, no rate limit.\n\n" + table(
        header, rows
    )


def export_with_manifest(persons: int) -> Cost:
    """Export a group, each person's image by a row with the name."""
    with group_with_manifest(persons) as (directory, manifest):
        return run(directory, *EXPORT, "--to", str(directory / "whole.facesnap"), "--images", str(manifest))


def dry_run_of(files: int) -> Cost:
    """Show the matching of files in a directory, each named after a person."""
    with group_with_manifest(files) as (directory, manifest):
        images = str(manifest.parent / "photos")
        return run(directory, *EXPORT, "--to", str(directory / "x.facesnap"), "--images", images, "--dry-run")


@contextmanager
def group_with_manifest(persons: int) -> Iterator[tuple[Path, Path]]:
    """Yield a directory with a configuration for a group, and a manifest of small images for all of its persons."""
    with tempfile.TemporaryDirectory(prefix="facesnap-bench-") as name, group_of(Path(name), persons, 1) as endpoint:
        directory = Path(name)
        configure(directory, endpoint)
        yield directory, write_manifest(directory, persons)


def write_manifest(directory: Path, persons: int) -> Path:
    """Write a file of 1 KB for each person of a seed, and a manifest that gives it by the person's name."""
    names = [f"Person {number}" for number in range(1, persons + 1)]
    photos = directory / "photos"
    photos.mkdir()
    for name in names:
        (photos / f"{name}.jpg").write_bytes(b"\xff\xd8\xff" + name.encode().ljust(1024, b"\0"))
    manifest = directory / "manifest.csv"
    manifest.write_text("\n".join(["name,path", *(f"{name},photos/{name}.jpg" for name in names)]) + "\n")
    return manifest


def verdict(measured: float, limit: float) -> str:
    """Return a measured value, and whether it is within its limit."""
    return f"{measured:.2f}, {'held' if measured <= limit else 'MISSED'}"


def _columns(cost: Cost, faces: int) -> list[str]:
    return [f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}", f"{cost.cpu_s * 1000 / faces:.2f}", f"{cost.peak_mib:.0f}"]
