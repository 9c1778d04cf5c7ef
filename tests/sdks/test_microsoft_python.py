"""Microsoft's two clients for Python, of which the newer one has no snapshots, person groups and face lists."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.sdks.conftest import RunClient

# One worker, so that each environment is made once.
pytestmark = [pytest.mark.sdks, pytest.mark.xdist_group("sdks_microsoft_python")]

OLD = ("azure-cognitiveservices-vision-face==0.6.1",)
NEW = ("azure-ai-vision-face==1.0.0b2", "aiohttp")


def test_the_life_of_every_type_with_snapshots(run_python: RunClient, service: RunningEmulator) -> None:
    assert run_python(OLD, "vision_face_life.py", service) == "done\n"


@pytest.mark.parametrize("credential", ["key", "token"])
@pytest.mark.parametrize("style", ["sync", "aio"])
def test_the_life_of_the_large_types_over_https(
    run_python: RunClient, secure_service: RunningEmulator, style: str, credential: str
) -> None:
    assert run_python(NEW, "ai_vision_face_life.py", secure_service, credential, style) == "done\n"
