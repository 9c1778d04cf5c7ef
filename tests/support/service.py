"""Call the Face service without facesnap, and count what facesnap asked it for."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from facesnap_cli.emulator.http_server import RunningEmulator


def call(
    emulator: RunningEmulator, method: str, path: str, key: str, body: object = None, *, version: str = "v1.2"
) -> Any:
    """Call the service and return its JSON. `body` is an image (bytes) or JSON."""
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    headers = {"Ocp-Apim-Subscription-Key": key, "Content-Type": kind}
    request = urllib.request.Request(f"{emulator.endpoint}/face/{version}{path}", data, headers, method=method)
    with urllib.request.urlopen(request) as response:
        content = response.read()
    return json.loads(content) if content else None


def make_groups(emulator: RunningEmulator, count: int) -> None:
    """Create empty person groups in the first account."""
    key = emulator.accounts[0].keys[0]
    for number in range(count):
        call(emulator, "PUT", f"/persongroups/group-{number}", key, {"name": f"g{number}"})


def post_calls(emulator: RunningEmulator, path_end: str = "") -> list[dict[str, Any]]:
    """Return the recorded POSTs to paths with this end."""
    calls = emulator.requests()["requests"]
    return [call for call in calls if call["method"] == "POST" and call["path"].endswith(path_end)]


def posts(emulator: RunningEmulator, path_end: str = "") -> int:
    """Return the number of POSTs to paths with this end."""
    return len(post_calls(emulator, path_end))


def face_reads(emulator: RunningEmulator) -> int:
    """Return the number of requests for single faces."""
    calls = emulator.requests()["requests"]
    return sum(call["method"] == "GET" and "/persistedfaces/" in call["path"] for call in calls)
