"""Choose the model that detects each face of an import, and describe the choice."""

from __future__ import annotations

from dataclasses import dataclass

from facesnap_cli.archives.archive import Archive
from facesnap_cli.common.escape import counted

SERVICE_DEFAULT = "detection_01"  # applies to an image that is sent without a model
_NAMED_BY = {"option": "--detection-model", "archive": "the archive", "default": "the service's default"}


@dataclass(frozen=True, slots=True)
class Detection:
    """A detection model, what names it (option, archive or default), and the number of faces that it applies to."""

    model: str
    named_by: str
    faces: int

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"model": self.model, "namedBy": self.named_by, "faces": self.faces}


def detections_of(archive: Archive, chosen: str | None) -> list[Detection]:
    """Return the models that apply to the faces with an image. `chosen` is the user's and applies to all."""
    if chosen:
        faces = archive.count("image IS NOT NULL")
        return [Detection(chosen, "option", faces)] if faces else []
    rows = archive.connection.execute(
        "SELECT detection_model, count(*) FROM faces WHERE image IS NOT NULL"
        " GROUP BY detection_model ORDER BY detection_model"
    )
    return [Detection(model or SERVICE_DEFAULT, "archive" if model else "default", faces) for model, faces in rows]


def describe_detections(detections: list[Detection]) -> str:
    """Return what applies to which faces, as a sentence; an empty text without faces."""
    parts = [
        f"{detection.model} for {counted(detection.faces, 'face')} ({_NAMED_BY[detection.named_by]})"
        for detection in detections
    ]
    return f"detection model: {', '.join(parts)}" if parts else ""
