"""Count an archive's faces, and those with an image. Only they can be rebuilt: Face never returns images."""

from __future__ import annotations

from dataclasses import dataclass

from facesnap_cli.common.escape import counted


@dataclass(frozen=True, slots=True)
class FaceCounts:
    """Numbers of faces, of faces with an image, and of images, which faces may share.

    `left_out` names the parts of the object that the archive lacks because they were not read.
    """

    faces: int
    with_image: int
    images: int
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = counted(self.faces, "face")
        if self.faces:
            covered = "none" if not self.with_image else "all" if not self.lacking else f"{self.with_image:,}"
            said += f", {covered} with an image"
        return said + (", without their user data" if self.left_out else "")

    @property
    def lacking(self) -> int:
        """The number of faces without an image."""
        return self.faces - self.with_image

    def is_enough(self, required: bool | None) -> bool:
        """Return whether the archive counts as a backup.

        `required` True: every face needs an image; None: at least one face; False: no face."""
        if required is None:
            return bool(self.with_image or not self.faces)
        return not (required and self.lacking)

    @property
    def remark(self) -> str | None:
        """The counts, if anything is missing."""
        return str(self) if self.lacking or self.left_out else None

    @property
    def flaw(self) -> str:
        """A description of what cannot be rebuilt; empty if everything can."""
        if not self.lacking:
            return ""
        if not self.with_image:
            return f"holds no recognition data: {self}, and Face never returns images"
        return f"cannot be rebuilt whole: {self}"


def counts_document(counts: FaceCounts | None) -> dict[str, object]:
    """Return the JSON form; all values are null without an archive."""
    return {
        "faces": counts.faces if counts else None,
        "facesWithImage": counts.with_image if counts else None,
        "images": counts.images if counts else None,
        "leftOut": list(counts.left_out) if counts else None,
    }
