"""Count an archive's faces, and those with an image. Only they can be rebuilt: Face never returns images."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaceCounts:
    """Numbers of faces, of faces with an image, and of images, which faces may share."""

    faces: int
    with_image: int
    images: int

    def __str__(self) -> str:
        covered = "none" if not self.with_image else "all" if not self.lacking else f"{self.with_image:,}"
        return f"{self.faces:,} face{'s' if self.faces != 1 else ''}" + (
            f", {covered} with an image" if self.faces else ""
        )

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
    }
