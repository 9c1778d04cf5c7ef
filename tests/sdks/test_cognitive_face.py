"""PyPI's cognitive-face, the oldest of the clients."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.sdks.conftest import RunClient

# One worker, so that each environment is made once.
pytestmark = [pytest.mark.sdks, pytest.mark.xdist_group("sdks_cognitive_face")]


def test_the_life_of_every_type(run_python: RunClient, service: RunningEmulator) -> None:
    assert run_python(("cognitive-face==1.5.0",), "cognitive_face_life.py", service) == "done\n"
