"""The columns of documents of each kind, for programs and for people, and the id for `-o id`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from facesnap_cli.common.time_format import format_duration
from facesnap_cli.display.column_width import cut, width_of, wrapped
from facesnap_cli.display.sentences import (
    Document,
    Sentence,
    copy_sentence,
    deletion_sentence,
    drill_sentence,
    export_sentence,
    from_here,
    import_sentence,
    operation_sentence,
    preview_sentence,
    run_sentence,
    update_sentence,
)
from facesnap_cli.models.snapshots import ProvenanceTag

_DEEPER = "    "
SentenceOf = Callable[[Document, datetime], Sentence]
# Texts that other people write may have any length. A table shows so many characters; JSON and TSV show all of them.
LONGEST_CELLS = {"userData": 60, "name": 60, "old": 60, "new": 60, "message": 500, "why": 500}


class Layout(NamedTuple):
    """The columns that a person sees at a terminal.

    If the terminal is too narrow, ids are shortened, then the columns of `spare` are left out, the first one first:
    never a profile, a target or a time, which tell rows apart. Then `long` moves to the end of the line, or below the
    line if it does not fit there. `tail` is the last column: user data is cut to the rest
    of the line, and a sentence that does not fit is shown below the line. `command` is a command line: it is shown
    below everything else on a line of its own, so that it can be pasted.
    """

    columns: tuple[str, ...]
    spare: tuple[str, ...] = ()
    tail: str = ""
    long: str = "objectId"
    command: str = ""


class View(NamedTuple):
    """The table, the lines and the id of documents of one kind.

    `columns` are the columns of a table for programs: columns may be added, never removed. `row_of` returns the row of
    a document. `lines_of` returns its lines instead, for texts too long for columns; width 0 is no limit.
    `sentence_of` returns what a person reads at a terminal in their place. `fields` are those of a single document that
    a person sees there; without any, all.
    """

    columns: tuple[str, ...]
    id_of: Callable[[Document], object]
    layout: Layout | None = None
    row_of: Callable[[Document], Document] = lambda document: document
    lines_of: Callable[[Document, int], Sequence[str]] | None = None
    sentence_of: SentenceOf | None = None
    fields: tuple[str, ...] = ()


def _snapshot_row(document: Document) -> Document:
    """Leave out facesnap's own tag: the object that it names has a column."""
    tagged = ProvenanceTag.parse(str(document["userData"]))
    return {**document, "userData": None} if tagged else document


def _operation_row(document: Document) -> Document:
    """Name an operation that has no id yet by its intent, which `wait` and `status` accept too."""
    return {**document, "operationId": document["operationId"] or document["intent"]}


def _object_row(document: Document) -> Document:
    """Say when an object was trained last, or why it is not trained."""
    status, last = document["trainingStatus"], document["lastSuccessfulTrainingDateTime"]
    return {**document, "trainedTime": last if status == "succeeded" else "never" if status == "notTrained" else status}


def _difference_row(document: Document) -> Document:
    """Add the difference as a sentence."""
    name, what = document["name"], document["what"]
    if not what:
        return {**document, "difference": name}
    old, new = (_shown_value(document[key], LONGEST_CELLS[key] if what != "image" else 12) for key in ("old", "new"))
    subject = f"{name}, {what}" if name and what != "name" else what
    return {**document, "difference": f"{subject}: {old} -> {new}"}


def _shown_value(value: object, longest: int) -> str:
    return "nothing" if value is None else cut(str(value), longest) or '""'


def _run_row(document: Document) -> Document:
    """Say where a backup is, or where it would have been if that failed too early for an id."""
    return {**document, "place": document["objectId"] or document["target"]}


def _backup_row(document: Document) -> Document:
    """Say how many faces have their image, which a copy needs none of."""
    faces, with_image = document["faces"], document["facesWithImage"]
    images = "snapshot" if document["method"] == "snapshot" else "" if faces is None else f"{with_image} of {faces}"
    verified = "yes" if document["verified"] == "checked" else document["verified"]
    standing = {"unknownOrigin": "unknown origin", "notCovered": "NOT COVERED"}.get(str(document["standing"]))
    lacks = "without the user data of faces" if document["leftOut"] else None
    return {
        **document,
        "where": from_here(document["where"]),
        "images": images if document["where"] else "",
        "verified": verified,
        "standing": standing or document["standing"],
        "reason": document["reason"] or lacks,
    }


def _plan_run_lines(document: Document, width: int) -> Sequence[str]:
    """Return a run in a line, and each cause of its failure in a line below it."""
    started = str(document["startedTime"])[:16].replace("T", " ")
    status, elapsed, items = document["exitCode"], document["elapsedSeconds"], document["items"]
    words = {"notStarted": "could not start"}.get(str(document["result"]), str(document["result"]))
    plan = from_here(document["plan"]) if width else document["plan"]
    parts = [started, str(plan), f"{words} ({status})" if status else words]
    parts += [format_duration(elapsed)] if isinstance(elapsed, int | float) else []
    if isinstance(items, int):
        failed = document["itemsFailed"]
        parts.append(f"{items - failed if isinstance(failed, int) else items} of {items} items")
    line = "  ".join(parts)
    head = wrapped([line], width, indent=_DEEPER) if 0 < width < width_of(line) else [line]
    return [*head, *(line for cause in _causes_of(document) for line in _cause_lines(cause, width))]


def _causes_of(document: Document) -> list[Document]:
    causes = document["causes"]
    return causes if isinstance(causes, list) else []


def _cause_lines(cause: Document, width: int) -> Sequence[str]:
    """Return why targets failed, and the command that mends it: at a terminal on a line of its own."""
    targets, command = cause["targets"], f"-> {cause['command']}" if cause["command"] else ""
    why = f"{cause['message']}" + (f", {targets} targets" if targets != 1 else "")
    if not width:
        return [f"{_DEEPER}{why} {command}".rstrip()]
    return [*wrapped([why], width, first=_DEEPER, indent=_DEEPER), *([_DEEPER + command] if command else [])]


def _finding_lines(document: Document, width: int) -> Sequence[str]:
    name = f"{document['check']} of {document['subject']}" if document["subject"] else str(document["check"])
    head = f"{document['status']:8} {name:{24 if document['subject'] else 14}} "
    message, hint = str(document["message"]), document["hint"]
    if not width:
        return [f"{head}{message}{f' -> {hint}' if hint else ''}"]
    has_room = len(head) + max(map(width_of, message.split()), default=0) <= width
    indent = " " * len(head) if has_room else "  "
    lines = wrapped([message], width, first=head, indent=indent)
    return [*lines, *([f"{indent}-> {hint}"] if hint else [])]


def value_of(name: str) -> View:
    """Return the view of a single value, which a table shows without a heading."""
    return View((name,), lambda document: document[name], lines_of=lambda document, width: [str(document[name])])


SNAPSHOT = View(
    ("id", "type", "objectId", "createdTime", "expiresTime", "userData"),
    lambda document: document["id"],
    Layout(("id", "type", "objectId", "createdTime", "expiresTime"), ("type",), "userData"),
    _snapshot_row,
    fields=("id", "type", "objectId", "createdTime", "expiresTime", "applyScope", "userData"),
)
DELETED_SNAPSHOT = SNAPSHOT._replace(
    layout=Layout(("id", "type", "objectId", "createdTime"), ("type",), "userData"), sentence_of=deletion_sentence
)
CHANGED_SNAPSHOT = SNAPSHOT._replace(sentence_of=update_sentence)


def _operations(id_of: Callable[[Document], object], sentence_of: SentenceOf | None = operation_sentence) -> View:
    return View(
        (
            *("operationId", "kind", "status", "objectType", "objectId", "elapsedSeconds", "profile"),
            *("snapshotId", "message", "resume"),
        ),
        id_of,
        Layout(
            ("operationId", "kind", "status", "objectType", "objectId", "profile", "createdTime"),
            ("objectType",),
            "message",
            command="resume",
        ),
        _operation_row,
        sentence_of=sentence_of,
    )


OPERATION = _operations(lambda document: document["operationId"] or document["intent"], None)
WAITED_OPERATION = OPERATION._replace(sentence_of=operation_sentence)
ENDED_OPERATION = _operations(
    lambda document: (
        document["operationId"] or document["intent"] if document["status"] in ("succeeded", "failed") else None
    )
)
FINISHED_TAKE = _operations(lambda document: document["snapshotId"])
FINISHED_APPLY = _operations(lambda document: document["objectId"] if document["status"] == "succeeded" else None)
COPY = _operations(
    lambda document: (
        document["objectId"] if document["kind"] == "apply" and document["status"] == "succeeded" else None
    ),
    copy_sentence,
)
RUN = View(
    ("item", "status", "profile", "objectId", "deleted", "elapsedSeconds", "target", "message"),
    lambda document: document["objectId"] if document["exitCode"] == 0 else None,
    Layout(
        ("item", "status", "profile", "place", "elapsedSeconds", "deleted"),
        ("deleted", "elapsedSeconds"),
        "message",
        long="place",
    ),
    _run_row,
    sentence_of=run_sentence,
)
COVER = View(
    ("item", "covered", "target", "objectId", "copiedTime", "secondsLeft", "message"),
    lambda document: document["objectId"] if document["covered"] else None,
    Layout(("item", "covered", "target", "objectId", "copiedTime", "secondsLeft"), ("objectId",), "message"),
)
BACKUP = View(
    (
        "item",
        "where",
        "takenTime",
        "verified",
        "persons",
        "faces",
        "facesWithImage",
        "bytes",
        "standing",
        "origin",
        "reason",
    ),
    lambda document: document["where"],
    Layout(
        ("item", "where", "takenTime", "verified", "persons", "images", "bytes", "standing"),
        ("bytes", "persons", "images", "verified"),
        "reason",
        long="where",
    ),
    _backup_row,
)
PLAN_RUN = View(
    ("startedTime", "plan", "result", "exitCode", "elapsedSeconds", "items", "itemsFailed", "causes"),
    lambda document: document["startedTime"],
    lines_of=_plan_run_lines,
)
STEP = View(
    ("item", "action", "profile", "objectType", "objectId", "why"),
    lambda document: document["objectId"],
    Layout(("item", "action", "profile", "objectType", "objectId"), ("objectType",), "why"),
)
OBJECT = View(
    ("type", "objectId", "name", "recognitionModel", "trainingStatus", "persons", "faces"),
    lambda document: document["objectId"],
    Layout(
        ("type", "objectId", "recognitionModel", "trainedTime", "persons", "faces"),
        ("recognitionModel", "faces"),
        "name",
    ),
    _object_row,
)
SETTING = View(
    ("name", "value", "source"), lambda document: document["name"], Layout(("name", "value"), (), "source", "value")
)
PROFILE = View(
    ("name", "default", "endpoint", "subscriptionId", "keySource"),
    lambda document: document["name"],
    Layout(
        ("name", "default", "endpoint", "keySource", "subscriptionId"), ("subscriptionId", "keySource"), "", "endpoint"
    ),
)
ARCHIVE = View(
    ("archive", "type", "objectId", "persons", "faces", "facesWithImage", "bytes", "consistent", "checked"),
    lambda document: document["archive"],
    fields=(
        *("archive", "type", "objectId", "name", "userData", "recognitionModel", "profile", "finishedTime"),
        *("persons", "faces", "facesWithImage", "leftOut", "consistent", "bytes", "checked"),
    ),
)
EXPORTED_ARCHIVE = ARCHIVE._replace(sentence_of=export_sentence)
MISSING_IMAGE = View(
    ("personId", "name", "userData", "persistedFaceId", "faceUserData"), lambda document: document["persistedFaceId"]
)
EXPORT_PREVIEW = View(
    ("type", "objectId", "persons", "faces", "facesWithImage", "undecidedFiles"),
    lambda document: document["objectId"],
    sentence_of=preview_sentence,
)
DRILL = View(
    ("item", "status", "where", "elapsedSeconds", "message"),
    lambda document: document["item"],
    Layout(("item", "status", "where", "elapsedSeconds"), (), "message", "where"),
    sentence_of=drill_sentence,
)
IMPORT = View(
    ("type", "objectId", "persons", "faces", "trainingStatus"),
    lambda document: document["objectId"],
    sentence_of=import_sentence,
)
DIFFERENCE = View(
    ("change", "kind", "id", "name", "what", "old", "new"),
    lambda document: document["id"],
    Layout(("change", "kind", "id"), tail="difference", long="id"),
    _difference_row,
)
FINDING = View(
    ("status", "check", "subject", "message", "hint"), lambda document: document["check"], lines_of=_finding_lines
)
