"""Microsoft's two clients for Node.js."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.sdks.conftest import RunClient

# One worker, so that each environment is made once.
pytestmark = [pytest.mark.sdks, pytest.mark.xdist_group("sdks_node")]


def test_the_life_of_every_type_with_snapshots(run_node: RunClient, service: RunningEmulator) -> None:
    requirements = ("@azure/cognitiveservices-face@5.0.0", "@azure/ms-rest-js@2")

    assert run_node(requirements, "cognitiveservices_face_life.cjs", service) == "done\n"


@pytest.mark.parametrize("credential", ["key", "token"])
def test_the_life_of_every_type_without_snapshots(
    run_node: RunClient, secure_service: RunningEmulator, credential: str
) -> None:
    requirements = ("@azure-rest/ai-vision-face@1.0.0-beta.1", "@azure/core-auth@1")

    assert run_node(requirements, "ai_vision_face_rest_life.mjs", secure_service, credential) == "done\n"
