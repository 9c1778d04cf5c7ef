"""A simulated service that several clients call, each on the same simulated clock: no thread, no wall time."""

from __future__ import annotations

import contextlib
import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from facesnap_cli.network.pace import Pace

Window = Callable[[float], float]  # returns when a request at a time is allowed: that time, or a later one


def sliding(calls: int, period_s: float) -> Window:
    """Allow `calls` requests in any `period_s` seconds; a refused request does not count."""
    recent: deque[float] = deque(maxlen=calls)

    def allowed_at(now: float) -> float:
        if len(recent) == calls and recent[0] > now - period_s:
            return recent[0] + period_s
        recent.append(now)
        return now

    return allowed_at


def fixed(calls: int, period_s: float) -> Window:
    """Allow `calls` requests in each period that begins at a multiple of `period_s`."""
    counted = [0, 0]

    def allowed_at(now: float) -> float:
        period = int(now // period_s)
        if counted[0] != period:
            counted[:] = [period, 0]
        if counted[1] == calls:
            return (period + 1) * period_s
        counted[1] += 1
        return now

    return allowed_at


@dataclass
class Client:
    """What the service has answered to one client."""

    accepted: int = 0
    refused: int = 0
    times: list[float] = field(default_factory=list)

    @property
    def refused_share(self) -> float:
        return self.refused / max(1, self.refused + self.accepted)


class Simulation:
    """The service, and its clients as generators that yield when they want to send and get when they may send again."""

    def __init__(self, window: Window, seed: int = 1):
        self._window = window
        self._rng = random.Random(seed)
        self._due: list[tuple[float, int, Iterator[float], Client]] = []
        self._number = 0
        self.now = 0.0
        self.asked_s = 0.0

    def add(self, behaviour: Callable[[Simulation, Client], Iterator[float]], from_s: float = 0.0) -> Client:
        client = Client()
        self._put(from_s, behaviour(self, client), client)
        return client

    def run(self, until_s: float) -> None:
        while self._due and self._due[0][0] < until_s:
            self.now, _, steps, client = heapq.heappop(self._due)
            with contextlib.suppress(StopIteration):
                self._put(next(steps), steps, client)

    def arrives(self, client: Client) -> bool:
        """Return whether the service accepts a request of a client now; `asked_s` is how long it asks to wait."""
        allowed_at = self._window(self.now)
        if allowed_at > self.now:
            client.refused += 1
            self.asked_s = float(-(-(allowed_at - self.now) // 1))
            return False
        client.accepted += 1
        client.times.append(self.now)
        return True

    def jitter_s(self) -> float:
        """Return a part of the way to the service that no client knows."""
        return self._rng.expovariate(1 / 0.004)

    def _put(self, at: float, steps: Iterator[float], client: Client) -> None:
        self._number += 1
        heapq.heappush(self._due, (at, self._number, steps, client))


def steady(rate: float, until_s: float = math.inf) -> Callable[[Simulation, Client], Iterator[float]]:
    """Return a client that sends evenly, whatever the service answers."""

    def behaviour(simulation: Simulation, client: Client) -> Iterator[float]:
        turn = simulation.now
        while turn < until_s:
            turn += 1 / rate
            yield turn + simulation.jitter_s()
            simulation.arrives(client)

    return behaviour


@dataclass
class SharedRate:
    """A pace that several processes share."""

    ceiling: float
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace.of_new_resource(self.ceiling)

    def process(self, simulation: Simulation, client: Client) -> Iterator[float]:
        """Send requests at this pace, one after another's turn."""
        while True:
            moment = self.pace.moment(simulation.now)
            self.pace = self.pace.after_request(simulation.now, self.ceiling)
            yield moment
            while moment < self.pace.closed_until:
                moment = self.pace.moment(simulation.now)
                self.pace = self.pace.after_request(simulation.now, self.ceiling)
                yield moment
            yield moment + simulation.jitter_s()
            if not simulation.arrives(client):
                rest_s = max(1.0, simulation.asked_s)
                self.pace = self.pace.after_refusal(simulation.now, moment, rest_s, self.ceiling)
