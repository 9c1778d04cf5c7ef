"""How many faces an archive holds, and of how many the image: Face returns none, so only those can be rebuilt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaceCounts:
    """The faces of an archive, those with an image among them, and the images, which faces may share."""

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
        """How many faces have no image."""
        return self.faces - self.with_image

    def is_enough(self, required: bool | None) -> bool:
        """Tell whether it counts as a backup: every face with an image if `required`; None, one; False, none."""
        if required is None:
            return bool(self.with_image or not self.faces)
        return not (required and self.lacking)

    @property
    def flaw(self) -> str:
        """What cannot be rebuilt, in words; empty where everything can."""
        if not self.lacking:
            return ""
        if not self.with_image:
            return f"holds no recognition data: {self}, and Face never returns images"
        return f"cannot be rebuilt whole: {self}"


def counts_document(counts: FaceCounts | None) -> dict[str, object]:
    """Return the JSON form; all null where there is no archive."""
    return {
        "faces": counts.faces if counts else None,
        "facesWithImage": counts.with_image if counts else None,
        "images": counts.images if counts else None,
    }
