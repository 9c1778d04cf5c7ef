"""Keep the service's state and act on it, one concept a module. Nothing here knows HTTP or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facesnap_cli.common.sqlite import transaction
from facesnap_cli.emulator.clock import Clock
from facesnap_cli.emulator.pace import Pace
from facesnap_cli.emulator.store.containers import Containers
from facesnap_cli.emulator.store.copies import Copies
from facesnap_cli.emulator.store.faces import Faces
from facesnap_cli.emulator.store.operations import Operations
from facesnap_cli.emulator.store.persons import Persons
from facesnap_cli.emulator.store.pictures import Pictures
from facesnap_cli.emulator.store.quotas import Quotas
from facesnap_cli.emulator.store.recognition import Recognition
from facesnap_cli.emulator.store.snapshots import Snapshots
from facesnap_cli.emulator.store.state import State


class Store:
    """All of the emulator's state in one SQLite database, used by one thread."""

    def __init__(
        self, directory: Path | None, clock: Clock, *, take_pace: Pace, apply_pace: Pace, train_pace: Pace
    ) -> None:
        self.state = State(directory, clock)
        self.copies = Copies(self.state)
        self.operations = Operations(self.state, self.copies)
        self.containers = Containers(self.state, self.copies, self.operations, train_pace)
        self.persons = Persons(self.state, self.containers)
        self.faces = Faces(self.state, self.containers, self.persons)
        self.pictures = Pictures(self.state)
        self.recognition = Recognition(self.state, self.containers)
        self.quotas = Quotas(self.state)
        self.snapshots = Snapshots(
            self.state, self.copies, self.containers, self.operations, self.quotas, take_pace, apply_pace
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the events that are due, then the block in a transaction."""
        self.operations.run_due_events()
        with transaction(self.state.connection):
            yield

    def run_due_events(self) -> None:
        """End the operations and delete the snapshots whose time has come."""
        self.operations.run_due_events()

    def work(self) -> bool:
        """Copy or delete a few rows in the background. Return whether more are left."""
        return self.copies.work()

    def reset(self) -> None:
        """Delete everything, and set the clock back to the machine's."""
        self.state.reset()

    def close(self) -> None:
        """Close the database."""
        self.state.close()
