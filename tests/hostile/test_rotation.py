"""A key that is rotated away under a running job: the second one carries it on."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable

from tests.hostile.conftest import KEY, Victim
from tests.hostile.server import Received, Step, answer

VictimOf = Callable[..., Victim]
NEW_KEY = "feedc0defeedc0defeedc0defeedc0de"
SNAPSHOT = "/snapshots/0e7a4105-93c4-4d11-8d2f-111111111111"


class Rotation:
    """A service with operations that takes the first key for some looks, and after that the second alone."""

    def __init__(self, looks_with_the_first_key: int, *, new_key: str = NEW_KEY):
        self._left = looks_with_the_first_key
        self._new_key = new_key
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self.posts = 0

    def __call__(self, request: Received) -> list[Step]:
        key = request.headers["ocp-apim-subscription-key"]
        with self._lock:
            if request.method == "POST":
                self.posts += 1
                return answer(202, b"", Operation_Location=f"/operations/{next(self._numbers):08d}-op")
            self._left -= 1
            if key == self._new_key:
                return answer(200, {"status": "succeeded", "resourceLocation": SNAPSHOT})
            return answer(200, {"status": "running"}) if self._left >= 0 else answer(401, {"error": {"code": "401"}})


def _with_second_key(victim: Victim) -> Victim:
    config = victim.program.directory / "config.toml"
    config.write_text(config.read_text() + f'key2 = "{NEW_KEY}"\n')
    return victim


def test_a_wait_goes_on_with_the_second_key(victim_of: VictimOf) -> None:
    rotation = Rotation(looks_with_the_first_key=5)
    victim = _with_second_key(victim_of(rotation))
    result = victim.run("take", "-t", "PersonGroup", "-i", "employees", "-q", "-o", "json")
    assert (result.status, result.err, rotation.posts) == (0, "", 1)
    keys = [request.headers["ocp-apim-subscription-key"] for request in victim.server.received]
    assert keys == [KEY] * 7 + [NEW_KEY]
    assert NEW_KEY not in result.out + result.err


def test_many_operations_go_on_with_it_together(victim_of: VictimOf) -> None:
    rotation = Rotation(looks_with_the_first_key=30)
    victim = _with_second_key(victim_of(rotation))
    for number in range(20):
        taken = victim.run("take", "-t", "PersonGroup", "-i", f"group-{number}", "--no-wait", "-q")
        assert taken.status == 0
    result = victim.run("wait", "-q", "-o", "json")
    assert (result.status, result.err) == (0, "")
    assert [one["status"] for one in result.json] == ["succeeded"] * 20
    refused = [one for one in victim.server.received if one.method == "GET"]
    keys = [one.headers["ocp-apim-subscription-key"] for one in refused]
    assert keys.count(NEW_KEY) == 20
    assert keys.count(KEY) <= 30 + 20, "no thread may try the first key again after it was refused"


def test_both_refused_in_the_middle_is_exit_4_and_the_operation_stays_open(victim_of: VictimOf) -> None:
    victim = _with_second_key(victim_of(Rotation(3, new_key="another")))
    result = victim.run("take", "-t", "PersonGroup", "-i", "employees", "-q", "-o", "json")
    assert result.status == 4
    assert json.loads(result.err)["error"]["exitCode"] == 4
    assert NEW_KEY not in result.out + result.err
    victim.server.script = Rotation(0)
    resumed = victim.run("wait", "-q", "-o", "json")
    assert (resumed.status, [one["status"] for one in resumed.json]) == (0, ["succeeded"])
