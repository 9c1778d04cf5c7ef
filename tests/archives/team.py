"""A person group for tests of images, made person by person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program, Result
from tests.support.archives import rows
from tests.support.service import call

GROUP = "/persongroups/team"


@dataclass
class Member:
    """A person of the group, with the ids of the faces."""

    name: str
    person_id: str
    faces: list[str] = field(default_factory=list)


@dataclass
class Team:
    """The group `team`, its images, and the archive that the program makes of it."""

    program: Program
    emulator: RunningEmulator
    members: list[Member] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        call(self.emulator, "PUT", GROUP, SOURCE_KEYS[0], {"name": "Team"})
        self.images.mkdir()

    @property
    def images(self) -> Path:
        return self.program.directory / "photos"

    @property
    def archive(self) -> Path:
        return self.program.directory / "team.facesnap"

    def add(self, name: str, user_data: object = None, *, faces: Sequence[str | None] = (None,)) -> Member:
        """Add a person with a face for each user data in `faces`."""
        text = json.dumps(user_data) if isinstance(user_data, dict) else user_data
        body = {"name": name, **({"userData": text} if text else {})}
        member = Member(name, call(self.emulator, "POST", f"{GROUP}/persons", SOURCE_KEYS[0], body)["personId"])
        for face in faces:
            self.add_face(member, face)
        self.members.append(member)
        return member

    def add_face(self, member: Member, user_data: str | None = None) -> str:
        query = f"?userData={quote(user_data)}" if user_data else ""
        path = f"{GROUP}/persons/{member.person_id}/persistedfaces{query}"
        face: str = call(self.emulator, "POST", path, SOURCE_KEYS[0], self.picture())["persistedFaceId"]
        member.faces = sorted([*member.faces, face])
        return face

    def picture(self) -> bytes:
        """Return an image that no other call returns."""
        self.number += 1
        return self.emulator.image(f"{self.number:032x}")

    def put(self, name: str, content: bytes | None = None) -> bytes:
        """Write a file among the images, and return its content."""
        path = self.images / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = self.picture() if content is None else content
        path.write_bytes(content)
        return content

    def export(self, *more: str, images: Path | str | None = None) -> Result:
        source = str(images or self.images)
        common = ("-t", "PersonGroup", "-i", "team", "--to", str(self.archive), "--force", "-q", "-o", "json")
        return self.program.run("export", *common, "--images", source, *more)

    def matched(self) -> dict[str, bytes]:
        """Return the images in the archive, by their faces."""
        return dict(rows(self.archive, "SELECT face_id, content FROM faces JOIN images ON sha256 = image"))

    def sources(self) -> dict[str, tuple[str, str]]:
        """Return the file and the rule of each image in the archive, by their faces."""
        found = rows(self.archive, "SELECT face_id, path, rule FROM image_sources")
        return {face: (path, rule) for face, path, rule in found}
