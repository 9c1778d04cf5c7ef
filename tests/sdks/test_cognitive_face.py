"""PyPI's cognitive-face, the oldest of the clients."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.sdks.conftest import RunClient

pytestmark = pytest.mark.sdks


def test_the_life_of_a_person_group_and_a_face_list(run_client: RunClient, service: RunningEmulator) -> None:
    assert run_client("cognitive-face==1.5.0", "cognitive_face_objects.py", service) == "done\n"
