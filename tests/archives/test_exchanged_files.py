"""Files that are exchanged, altered or removed at any step: 0 only if all is right, and never a wrong image."""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from facesnap_cli.archives.importing.import_state import ImportState
from facesnap_cli.archives.partial_archive import PartialArchive
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, Program, Result
from tests.support.archives import draw_images, face_ids, persons, rows
from tests.support.families import slow
from tests.support.gate import Gate, gate
from tests.support.service import call
from tests.support.waiting import PATIENCE_S

GROUP = ("-t", "PersonGroup", "-i", "employees", "-q", "-o", "json")
ADDED = re.compile(rb"POST /face/v1\.2/persongroups/employees/persons/([^/]+)/persistedfaces\S* HTTP")
OWNERS = "SELECT name, sha256 FROM faces JOIN persons USING (person_id) JOIN images ON sha256 = image"
SAFE = (6, 13)

Deed = Callable[[Path], None]


def exchange(file: Path) -> None:
    """Give another file of the same kind this name; without another one, an empty file."""
    other = file.with_name(f"other-{file.name}")
    other.touch()
    other.replace(file)


def overwrite(file: Path) -> None:
    """Write the content of another file of the same kind into the file; without another one, nothing."""
    other = file.with_name(f"other-{file.name}")
    with file.open("r+b") as opened:
        opened.write(other.read_bytes() if other.exists() else b"")
        opened.truncate()


def damage(file: Path) -> None:
    """Flip a bit in every hundredth byte."""
    with file.open("r+b") as opened:
        content = bytearray(opened.read())
        for place in range(100, len(content), 100):
            content[place] ^= 1
        opened.seek(0)
        opened.write(content)


def remove(file: Path) -> None:
    file.unlink()


DEEDS: list[Deed] = [exchange, overwrite, damage, remove]


@dataclass
class Office:
    """The program behind a gate, an archive of `employees`, and one in which all persons have each other's images."""

    program: Program
    emulator: RunningEmulator
    gate: Gate
    sent: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def archive(self) -> Path:
        return self.program.directory / "a.facesnap"

    @property
    def images(self) -> Path:
        return self.program.directory / "images"

    @property
    def ledger(self) -> Path:
        """The record of the import, beside which that of another import gets the name that the deeds expect."""
        directory = self.program.directory / "state/imports"
        [found] = (path for path in directory.glob("*.db") if not path.name.startswith("other"))
        if (other := directory / "other").exists():
            other.rename(directory / f"other-{found.name}")
        return found

    def import_elsewhere(self) -> None:
        """Lay the record of another import of the archive beside that of this one."""
        before = set((self.program.directory / "state/imports").glob("*.db"))
        self.gate.observe = lambda request: None
        assert self.rebuild("-i", "another").status == 0
        [other] = set((self.program.directory / "state/imports").glob("*.db")) - before
        other.rename(other.with_name("other"))

    def export(self, target: Path, images: Path, *more: str) -> Result:
        return self.program.run("export", *GROUP, "--to", str(target), "--images", str(images), *more)

    def rebuild(self, *more: str) -> Result:
        return self.program.run("import", str(self.archive), "-p", "target", "-q", "-o", "json", *more)

    def meddle(self, beginning: str, deed: Deed, file: Callable[[], Path]) -> None:
        """Do something to a file before the first request that begins so, and record the images that are sent."""
        waiting = [deed]

        def observe(request: bytes) -> None:
            with self.lock:
                if re.match(beginning.encode(), request) and waiting and file().exists():
                    waiting.pop()(file())
                if (added := ADDED.match(request)) is not None:
                    body = request.partition(b"\r\n\r\n")[2]
                    self.sent.append((added[1].decode(), hashlib.sha256(body).hexdigest()))

        self.gate.observe = observe

    def rest(self) -> None:
        """Meddle no more; go on recording."""
        self.meddle("never", remove, lambda: self.archive)

    def owners(self, archive: Path) -> list[tuple[str, str]]:
        """Return the name of each person in an archive with the images of the faces, in order."""
        return sorted(rows(archive, OWNERS))

    def received(self) -> list[tuple[str, str]]:
        """Return the name of each person in the target with the images that were added, in order."""
        names = {
            person["personId"]: person["name"]
            for person in persons(self.emulator, "PersonGroup", "employees", TARGET_KEYS[0])
        }
        return sorted((names[person_id], sha256) for person_id, sha256 in self.sent)


@pytest.fixture(scope="module")
def gated(retired_emulator: RunningEmulator) -> Iterator[Gate]:
    with gate(retired_emulator.endpoint) as opened:
        yield opened


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    """The archives and images that the first test made."""
    return {}


@pytest.fixture
def office(program: Program, emulator: RunningEmulator, gated: Gate, made: dict[str, bytes]) -> Office:
    program.configure(gated.endpoint)
    office = Office(program, emulator, gated)
    office.rest()
    if not made:
        faces = face_ids(emulator, "PersonGroup", "employees")
        swapped = program.directory / "swapped"
        for directory, order in ((office.images, faces), (swapped, list(reversed(faces)))):
            draw_images(emulator, faces, directory)
            for face, other in zip(faces, order, strict=True):
                (directory / f"{face}.png").write_bytes(emulator.image(other))
        assert office.export(office.archive, office.images).status == 0
        assert office.export(office.archive.with_name("other-a.facesnap"), swapped).status == 0
        for path in (*program.directory.glob("*.facesnap"), *office.images.iterdir()):
            made[str(path.relative_to(program.directory))] = path.read_bytes()
    office.images.mkdir(exist_ok=True)
    for name, content in made.items():
        (program.directory / name).write_bytes(content)
    return office


IMPORT_STEPS = {
    "before the object is created": "PUT /face/v1.2/persongroups/employees ",
    "before the first person": "POST /face/v1.2/persongroups/employees/persons ",
    "before the first face": "POST .*/persistedfaces",
    "before the training": "POST /face/v1.2/persongroups/employees/train",
    "before the comparison": r"GET /face/v1.2/persongroups/employees/persons\?",
}
STEPS = [
    pytest.param(name, marks=slow) if "first person" in name or "training" in name else name for name in IMPORT_STEPS
]


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("step", STEPS)
def test_an_archive_at_each_step_of_an_import(office: Office, step: str, deed: Deed) -> None:
    right = office.owners(office.archive)
    office.meddle(IMPORT_STEPS[step], deed, lambda: office.archive)
    done = office.rebuild()
    received = office.received()
    assert set(received) <= set(right)
    if deed in (exchange, remove):
        assert (done.status, done.err) == (0, "")
    if done.status == 0:
        assert received == right
    assert done.status in (0, *SAFE)


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("step", STEPS)
def test_a_ledger_at_each_step_of_an_import(office: Office, step: str, deed: Deed) -> None:
    right = office.owners(office.archive)
    office.import_elsewhere()
    office.meddle(IMPORT_STEPS[step], deed, lambda: office.ledger)
    done = office.rebuild()
    assert set(office.received()) <= set(right)
    if done.status == 0:
        assert office.received() == right
    assert done.status in (0, *SAFE)


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("skip", [0, 2, 6])
def test_a_ledger_between_two_runs_of_an_import(office: Office, skip: int, deed: Deed) -> None:
    right = office.owners(office.archive)
    office.rest()
    office.emulator.faults({"route": "POST /persongroups/*/persons/*/persistedfaces", "status": 403, "skip": skip})
    assert office.rebuild().status == 4
    office.emulator.faults()
    office.import_elsewhere()
    office.rest()
    deed(office.ledger)
    done = office.rebuild()
    sent = [entry for entry in office.received() if office.received().count(entry) == 1]
    assert set(sent) <= set(right)
    assert done.status in SAFE


EXPORT_STEPS = {
    "before the first listing": r"GET /face/v1.2/persongroups/employees/persons\?",
    "before the first face": "GET .*/persistedfaces/",
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("step", EXPORT_STEPS)
def test_a_draft_at_each_step_of_an_export(office: Office, step: str, deed: Deed) -> None:
    right, target = office.owners(office.archive), office.program.directory / "b.facesnap"
    draft = target.with_name("b.facesnap.partial")
    shutil.copy(office.archive, draft.with_name(f"other-{draft.name}"))
    office.meddle(EXPORT_STEPS[step], deed, lambda: draft)
    done = office.export(target, office.images)
    if done.status == 0:
        assert office.owners(target) == right
        assert office.program.run("inspect", str(target), "--check", "-q").status == 0
    else:
        assert not target.exists()
    assert done.status in (0, *SAFE)


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("skip", [0, 3])
def test_a_draft_between_two_runs_of_an_export(office: Office, skip: int, deed: Deed) -> None:
    right, target = office.owners(office.archive), office.program.directory / "b.facesnap"
    draft = target.with_name("b.facesnap.partial")
    office.emulator.faults({"route": "GET /persongroups/*/persons/*/persistedfaces/*", "status": 403, "skip": skip})
    assert office.export(target, office.images).status == 4
    office.emulator.faults()
    other = draft.with_name(f"other-{draft.name}")
    shutil.copy(office.archive, other)
    other.chmod(0o600)
    deed(draft)
    done = office.export(target, office.images)
    if done.status == 0:
        assert office.owners(target) == right
        assert rows(target, "SELECT face_id, user_data FROM faces ORDER BY 1") == rows(
            office.archive, "SELECT face_id, user_data FROM faces ORDER BY 1"
        )
        assert office.program.run("inspect", str(target), "--check", "-q").status == 0
    else:
        assert not target.exists()
    assert done.status in (0, *SAFE)


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("step", EXPORT_STEPS)
def test_a_base_at_each_step_of_an_export(office: Office, step: str, deed: Deed) -> None:
    right, target = office.owners(office.archive), office.program.directory / "b.facesnap"
    [person, *_] = persons(office.emulator, "PersonGroup", "employees")
    path = f"/persongroups/employees/persons/{person['personId']}/persistedfaces"
    call(
        office.emulator, "POST", path, SOURCE_KEYS[0], office.emulator.image("f" * 32)
    )  # of which the base knows nothing
    office.meddle(EXPORT_STEPS[step], deed, lambda: office.archive)
    done = office.program.run("export", *GROUP, "--to", str(target), "--base", str(office.archive))
    if deed in (exchange, remove):
        assert done.status == 0
    if done.status == 0:
        assert office.owners(target) == right
    else:
        assert not target.exists()
    assert done.status in (0, *SAFE)


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("step", EXPORT_STEPS)
def test_an_image_at_each_step_of_an_export(office: Office, step: str, deed: Deed) -> None:
    right, target = office.owners(office.archive), office.program.directory / "b.facesnap"
    image = sorted(office.images.iterdir())[0]
    image.with_name(f"other-{image.name}").write_bytes(office.emulator.image("f" * 32))
    office.meddle(EXPORT_STEPS[step], deed, lambda: image)
    done = office.export(target, office.images)
    now = {hashlib.sha256(path.read_bytes()).hexdigest() for path in office.images.iterdir()}
    assert {entry for entry in office.owners(target) if entry not in right} <= {
        (name, sha256) for name, _ in right for sha256 in now
    }
    assert done.status in (0, 11)
    assert office.program.run("inspect", str(target), "--check", "-q").status == 0


def test_an_archive_that_was_finished_before_a_kill_is_recognized(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = office.program.directory / "b.facesnap"

    def killed(self: PartialArchive) -> None:
        publish(self)
        raise KeyboardInterrupt

    publish = PartialArchive.publish
    with monkeypatch.context() as patched:
        patched.setattr(PartialArchive, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            office.export(target, office.images)
    [(archive_id,)] = rows(target, "SELECT archive_id FROM object")
    again, third = (office.export(target, office.images) for _ in range(2))
    assert (again.status, again.json["archiveId"]) == (0, archive_id)
    assert (third.status, third.out) == (6, "")


def test_another_archive_is_not_taken_for_the_one_that_was_finished_before_a_kill(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = office.program.directory / "b.facesnap"

    def killed(self: PartialArchive) -> None:
        office.archive.replace(target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(PartialArchive, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            office.export(target, office.images)
    assert office.export(target, office.images).status == 6


@pytest.mark.parametrize("verify", ["none", "quick"])
def test_an_import_that_was_finished_before_a_kill_is_compared_and_reported(
    office: Office, monkeypatch: pytest.MonkeyPatch, verify: str
) -> None:
    def killed(self: ImportState, step: str, archive_id: str) -> None:
        begin(self, step, archive_id)
        if step == "finished":
            raise KeyboardInterrupt

    begin = ImportState.begin
    with monkeypatch.context() as patched:
        patched.setattr(ImportState, "begin", killed)
        with pytest.raises(KeyboardInterrupt):
            office.rebuild()
    again, third = (office.rebuild("--verify", verify) for _ in range(2))
    assert (again.status, again.json["faces"], again.json["trainingStatus"]) == (0, 7, "succeeded")
    assert office.received() == office.owners(office.archive)
    assert (third.status, third.out) == (6, "")


def test_of_two_exports_into_one_file_from_two_state_directories_one_goes_on(office: Office) -> None:
    target = office.program.directory / "b.facesnap"
    office.gate.stop_answer = "GET /face/v1.2/persongroups/employees/persons"
    command = ("export", *GROUP, "--to", str(target), "--images", str(office.images))
    process = office.program.start(*command)
    assert office.gate.stopped.wait(PATIENCE_S)
    office.gate.open()
    other = office.program.run(*command, FACESNAP_STATE_DIR=str(office.program.directory / "other-state"))
    office.gate.release()
    process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, other.status) == (0, 6)
    assert f"{target}.partial is in use by another process" in other.err
    assert office.owners(target) == office.owners(office.archive)
