"""Give files to another user, and write a plan to give away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import Program

as_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
# The uid of a user that owns no files.
NOBODY = 65534
PLAN = """
[[backup]]
name = "employees"
type = "PersonGroup"
object_id = "employees"
method = "export"
require_images = false
to = ["file:nightly.facesnap"]
[notify]
metrics = "facesnap.prom"
"""


def write_plan(program: Program) -> Path:
    path = program.directory / "nightly.toml"
    path.write_text(PLAN)
    return path
