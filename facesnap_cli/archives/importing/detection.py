"""Choose the model that detects each face of an import, and describe the choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


def detections_of(faces_by_model: Mapping[str | None, int], chosen: str | None) -> list[Detection]:
    """Return the models that apply to faces, counted by the model that the archive names for them, or None.

    `chosen` is the user's and applies to all.
    """
    if chosen:
        faces = sum(faces_by_model.values())
        return [Detection(chosen, "option", faces)] if faces else []
    return [
        Detection(model or SERVICE_DEFAULT, "archive" if model else "default", faces)
        for model, faces in faces_by_model.items()
    ]


def describe_detections(detections: list[Detection]) -> str:
    """Return what applies to which faces, as a sentence; an empty text without faces."""
    parts = [
        f"{detection.model} for {counted(detection.faces, 'face')} ({_NAMED_BY[detection.named_by]})"
        for detection in detections
    ]
    return f"detection model: {', '.join(parts)}" if parts else ""
