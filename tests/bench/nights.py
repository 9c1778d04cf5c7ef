"""How many calls a night costs: a plan of exports, each with the archive before it as its base."""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from facesnap_cli.emulator.seeds.images import draw
from tests.bench.archives import KEYS, configure, group_of, requests_since, run
from tests.bench.harness import scratch, table

PERSONS = 2000
ALLOWED_PER_S = 10  # by the standard tier
PLAN = """\
[[backup]]
name = "bench"
from = "unlimited"
type = "LargePersonGroup"
object_id = "bench"
method = "export"
require_images = false
max_age = "1s"
to = ["file:{name}-{date}-{time}.facesnap"]
"""


def report() -> str:
    with scratch() as directory, group_of(directory, PERSONS, 1) as endpoint, closing(_Group(endpoint)) as group:
        configure(directory, endpoint)
        calls = {"the first": _night(directory, endpoint), "nothing changed": _night(directory, endpoint)}
        group.replace_faces(PERSONS // 100)
        calls["1 % of the faces are new"] = _night(directory, endpoint)
        group.replace_faces(PERSONS)
        calls["all faces are new"] = _night(directory, endpoint)
        calls["`refresh_user_data = true`"] = _night(directory, endpoint, "refresh_user_data = true")
        calls["`face_user_data = false`"] = _night(directory, endpoint, "face_user_data = false")
    rows = [[night, f"{count:,}", f"{count / ALLOWED_PER_S:.0f}"] for night, count in calls.items()]
    return (
        "### Calls a night\n\n"
        f"`facesnap run` exports {PERSONS:,} persons with a face each; the archive of the night before is the base.\n\n"
        + table(["night", "calls", f"seconds at {ALLOWED_PER_S} calls a second"], rows)
    )


def _night(directory: Path, endpoint: str, key: str = "") -> int:
    """Run the plan and return how many calls the service counted."""
    before = requests_since(endpoint, 0)["total"]
    plan = directory / "nightly.toml"
    plan.write_text(PLAN + key)
    run(directory, "run", str(plan))
    return int(requests_since(endpoint, before)["total"]) - int(before)


class _Group:
    """The group in the service, as another program changes it."""

    def __init__(self, endpoint: str):
        self._connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
        self._numbers = itertools.count(1)

    def close(self) -> None:
        self._connection.close()

    def replace_faces(self, count: int) -> None:
        """Delete the face of so many persons and add another one."""
        for person in itertools.islice(self._persons(), count):
            path = f"/persons/{person['personId']}/persistedfaces"
            [face] = person["persistedFaceIds"]
            self._call("DELETE", f"{path}/{face}")
            self._call("POST", path, draw(f"{next(self._numbers):016}".encode()))

    def _persons(self) -> Iterator[Any]:
        start = ""
        while page := self._call("GET", f"/persons?start={start}"):
            yield from page
            start = page[-1]["personId"]

    def _call(self, method: str, path: str, image: bytes | None = None) -> Any:
        headers = {"Ocp-Apim-Subscription-Key": KEYS["source"], "Content-Type": "application/octet-stream"}
        self._connection.request(method, f"/face/v1.2/largepersongroups/bench{path}", image, headers)
        content = self._connection.getresponse().read()
        return json.loads(content) if content else None
