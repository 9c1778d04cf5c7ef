"""Sum up in a sentence what a command has achieved. A person at a terminal reads it in place of all fields."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from facesnap_cli.common.escape import counted
from facesnap_cli.common.time_format import format_duration, format_left, parse_time
from facesnap_cli.models.snapshots import SNAPSHOT_LIFETIME

Document = Mapping[str, object]
SHORT_ID = 8  # every command takes so much of an id of a snapshot or an operation


class Mark(Enum):
    """The sign before a sentence, and the one for a terminal that has only ASCII."""

    DONE = ("✓", "+")
    FAILED = ("✗", "x")
    OPEN = ("•", "-")

    def shown(self, *, ascii_only: bool) -> str:
        return self.value[ascii_only]


class Sentence(NamedTuple):
    """The result of one thing."""

    mark: Mark
    text: str


def operation_sentence(document: Document, now: datetime) -> Sentence:
    """Return the result of a take, an apply, an export or an import."""
    kind, status = document["kind"] or "operation", document["status"]
    what = f"{kind} of {_object(document)}" if document["objectId"] else f"{kind} {_short(document['operationId'])}"
    took = _took(document["elapsedSeconds"])
    if status == "succeeded" and kind == "take":
        return Sentence(Mark.DONE, f"{_snapshot(document)} {took}{_end_of_snapshot(document, now)}")
    if status == "succeeded" and kind == "apply":
        source = f" from snapshot {_short(document['snapshotId'])}" if document["snapshotId"] else ""
        return Sentence(Mark.DONE, f"{document['objectType']} {_place(document)}{source} {took}")
    if status == "succeeded":
        return Sentence(Mark.DONE, f"{what} succeeded {took}")
    if status == "failed":
        return Sentence(Mark.FAILED, f"{what} failed")
    if status == "notStarted":
        return Sentence(Mark.OPEN, f"{what} is started: operation {_short(document['operationId'])}")
    words = {"unknown": "may have started: nothing is known of it yet", "running": "is still running"}
    return Sentence(Mark.OPEN, f"{what} {words.get(str(status), f'was {status}')}")


def copy_sentence(document: Document, now: datetime) -> Sentence:
    """Return the result of a step of a copy: of its snapshot, or of a target and what was compared there."""
    if document["kind"] == "take":
        is_old = document["outcome"] == "current"
        earlier = Sentence(Mark.DONE, f"{_snapshot(document)}, taken earlier")
        return earlier if is_old else operation_sentence(document, now)
    if document["outcome"] == "failed":
        return Sentence(Mark.FAILED, f"copy to {_place(document)} failed")
    again = " already" if document["outcome"] == "current" else ""
    took = "" if again else f" {_took(document['elapsedSeconds'])}"
    return Sentence(Mark.DONE, f"copied{again} to {_place(document)}{took}{_verified(document)}")


def run_sentence(document: Document, now: datetime) -> Sentence:
    """Return the result of a target of a plan's item."""
    item, target = document["item"], from_here(document["objectId"]) or document["target"]
    if document["profile"] and document["objectId"]:
        target = _place(document)
    is_export = document["method"] == "export"
    if document["status"] == "failed":  # perhaps after it was made: if it differs, or if an older one stayed
        return Sentence(Mark.FAILED, f"{item}: {'export' if is_export else 'copy'} to {target} failed")
    done = "exported" if is_export else "copied"
    again = " already" if document["status"] == "current" else ""
    images = f", {_images(document)}" if document["faces"] is not None else ""
    old, deleted = document["deleted"], ""
    if isinstance(old, list) and old:
        deleted = f", {counted(len(old), 'older copy', 'older copies')} deleted"
    return Sentence(Mark.DONE, f"{item}: {done}{again} to {target}{_verified(document)}{images}{deleted}")


def drill_sentence(document: Document, now: datetime) -> Sentence:
    """Return whether the newest backup of an item could be restored."""
    if document["status"] == "failed":
        return Sentence(Mark.FAILED, f"{document['item']}: not restored")
    took = _took(document["elapsedSeconds"])
    where = from_here(document["where"])
    return Sentence(Mark.DONE, f"{document['item']}: {where} restored, verified and removed again {took}")


def export_sentence(document: Document, now: datetime) -> Sentence:
    """Describe an archive: its content, and how much of it can be rebuilt."""
    parts = [f"{from_here(document['archive'])}: {_object(document)}", *_persons(document), _images(document)]
    size = document["bytes"]
    parts += [size_in_words(size)] if isinstance(size, int) else []
    parts += _left_out(document)
    begun, ended = parse_time(document["startedTime"]), parse_time(document["finishedTime"])
    took = f", {_took((ended - begun).total_seconds())}" if begun and ended else ""
    return Sentence(Mark.DONE, ", ".join(parts) + took)


def preview_sentence(document: Document, now: datetime) -> Sentence:
    """Describe the archive that an export would write."""
    faces = document["faces"] if document["facesWithImage"] is None else None
    images = counted(faces, "face") if isinstance(faces, int) else _images(document)
    parts = [f"would write {from_here(document['archive'])}: {_object(document)}", *_persons(document), images]
    undecided = document["undecidedFiles"]
    if isinstance(undecided, int) and undecided:
        parts.append(f"{counted(undecided, 'file')} undecided")
    return Sentence(Mark.OPEN, ", ".join(parts))


def import_sentence(document: Document, now: datetime) -> Sentence:
    """Describe the object that an import has built."""
    state = ", trained" if document["trainingStatus"] == "succeeded" else ""
    state += ", verified" if document["verified"] else ""
    lacking, refused = document["facesWithoutImage"], document["refused"]
    missing = f", {counted(lacking, 'face')} left out" if isinstance(lacking, int) and lacking else ""
    missing += f", {len(refused):,} refused" if isinstance(refused, list) and refused else ""
    missing += "".join(f", {text}" for text in _left_out(document))
    mark = Mark.FAILED if refused else Mark.DONE
    built = f"{document['type']} {_place(document)}"
    if not document["additions"]:
        what = " and ".join([*_persons(document), _count(document, "faces", "face")])
        return Sentence(mark, f"{what} built as {built} with new ids{state}{missing}")
    if not (document["personsAdded"] or document["facesAdded"] or refused):
        return Sentence(mark, f"{built} lacks nothing of the archive that could be added{state}{missing}")
    nouns = {"personsAdded": "person", "facesAdded": "face"}
    what = " and ".join(_count(document, key, noun) for key, noun in nouns.items() if document[key]) or "nothing"
    return Sentence(mark, f"{what} added to {built} with new ids{state}{missing}")


def deletion_sentence(document: Document, now: datetime) -> Sentence:
    """Return the result of a deletion."""
    return Sentence(Mark.DONE, f"snapshot {_short(document['id'])} of {_object(document)} deleted")


def update_sentence(document: Document, now: datetime) -> Sentence:
    """Return the result of a change of a snapshot, with the subscriptions that may apply it now."""
    scope = document["applyScope"]
    who = f", may be applied in {', '.join(scope)}" if isinstance(scope, list) and scope else ""
    return Sentence(Mark.DONE, f"snapshot {_short(document['id'])} of {_object(document)} changed{who}")


def from_here(place: object) -> object:
    """Return a path in the working directory as one that starts there, and anything else as it is."""
    try:
        here = os.path.join(os.getcwd(), "")
    except OSError:  # it is deleted
        return place
    return place[len(here) :] if isinstance(place, str) and place.startswith(here) else place


def size_in_words(count: int) -> str:
    """Return a number of bytes for people: `812 KB`, `1.4 GB`."""
    size = float(count)
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _object(document: Document) -> str:
    kind = document.get("objectType") or document.get("type")
    return f"{kind} {document['objectId'] or '(object not known)'}"


def _snapshot(document: Document) -> str:
    return f"snapshot {_short(document['snapshotId'])} of {_object(document)}"


def _place(document: Document) -> str:
    """Return an object as targets are written: `dr:employees`."""
    profile = document["profile"]
    return f"{profile}:{document['objectId']}" if profile else f"{document['objectId']}"


def _end_of_snapshot(document: Document, now: datetime) -> str:
    """Return what becomes of the snapshot of a take: a copy deletes it, the service after 48 hours."""
    if document.get("snapshotEnd") == "deleted":
        return ", deleted after the copies"
    made = parse_time(document["createdTime"]) or parse_time(document["finishedTime"])
    if made is None:
        return ""
    left = format_left((made + SNAPSHOT_LIFETIME - now).total_seconds() + 30)  # rounded to the minute
    kept = ", kept" if document.get("snapshotEnd") == "kept" else ""
    return f"{kept}, {left}" if left == "expired" else f"{kept}, expires in {left.removesuffix('00m')}"


def _verified(document: Document) -> str:
    """Return what was compared with the source, if anything was."""
    level = document["verified"]
    if not level:
        return ""
    counts = [*_persons(document), _count(document, "faces", "face")] if document["method"] == "snapshot" else []
    said = ", ".join(filter(None, [*counts, "every id" if level == "full" else ""]))
    return f", {level if level == 'checked' else 'verified'}{said and ': '}{said}"


def _persons(document: Document) -> list[str]:
    """Return how many persons there are; nothing for a list, which has none."""
    if "Person" not in str(document.get("objectType") or document.get("type")):
        return []
    return [text for text in [_count(document, "persons", "person")] if text]


def _count(document: Document, key: str, noun: str) -> str:
    number = document.get(key)
    return counted(number, noun) if isinstance(number, int) else ""


def _images(document: Document) -> str:
    """Return how many faces there are, and how many have the image without which none can be rebuilt."""
    faces, covered = document["faces"], document["facesWithImage"]
    assert isinstance(faces, int)
    assert isinstance(covered, int)
    if not faces:
        return counted(faces, "face")
    images = "all with image" if covered == faces else f"{covered:,} with image" if covered else "none with image"
    return f"{counted(faces, 'face')} ({images})"


def _left_out(document: Document) -> list[str]:
    """Return what was not read, and cannot be rebuilt."""
    parts = document.get("leftOut")
    return [f"without {', '.join(map(str, parts)).replace('-', ' ')}"] if isinstance(parts, list) and parts else []


def _short(value: object) -> str:
    return str(value or "")[:SHORT_ID]


def _took(seconds: object) -> str:
    """Return how long something took: `in 4s`."""
    return f"in {format_duration(seconds)}" if isinstance(seconds, int | float) and seconds >= 1 else "in <1s"
