"""Read a plan file: which objects to back up, to which targets, how many copies to keep, whom to notify."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from facesnap_cli.backups.copies.copy_parameters import TargetName
from facesnap_cli.backups.plans.plan_keys import ITEM_KEYS, NOTIFY_KEYS, OTHER_ITEM_KEYS, PLAN_KEYS
from facesnap_cli.backups.plans.plan_values import (
    jobs_value,
    keep_value,
    level_value,
    method_value,
    path_value,
    targets_value,
    url_value,
)
from facesnap_cli.backups.retention import Keep
from facesnap_cli.backups.templates import Names, Template
from facesnap_cli.common.errors import ConfigurationError, FacesnapError, Unknown, UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.files import read_regular
from facesnap_cli.common.hints import Hint, as_hint, command
from facesnap_cli.common.time_format import parse_duration
from facesnap_cli.config.file import MAX_BYTES, parsed_toml
from facesnap_cli.config.line_numbers import LineNumbers
from facesnap_cli.config.paths import OutputPath, Writing, output_path
from facesnap_cli.config.values import duration_value, flag_value, near, text_value
from facesnap_cli.journal.transfer_record import is_name_of_partial
from facesnap_cli.models.ids import OBJECT_ID
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.validation import check_object_id, parse_object_type
from facesnap_cli.operations.parameters import VerifyLevel

Read = TypeVar("Read")
DEFAULT_JOBS = int(PLAN_KEYS["jobs"].default)
DEFAULT_MAX_AGE = ITEM_KEYS["max_age"].default
_KEYS_OF_OPTIONS = {
    "--type": "type",
    "--object-id": "object_id",
    "--profile": "from",
    "--to": "to",
    "--allow-shared-images": "allow_shared_images = true",
    "--require-images": "require_images",
    " with --force": "",  # runs replace what they made
}
APART = "name their copies apart, for example with {name} or another beginning"
_BRACES = str.maketrans("{}", "\x01\x02")  # those of a directory's name are no placeholders
_SAMPLE = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One `[[backup]]`. Durations in seconds; `source` is a profile's name, None for the chosen profile.

    `max_age_s`: a copy, or a snapshot, that is younger is not made again. `covered_for_s`: how long a copy counts
    as cover for `backups --check`. For exports: `images`, a path from the plan's directory, and `require_images`: True,
    all faces must have an image; None, at least one; False, none. `carry` keeps the last archive's image of a face
    whose file is gone; `allow_shared_images` lets several persons have one image. Without `face_user_data` that of
    persons' faces is not read; `refresh_user_data` reads it again for faces of the last archive.
    """

    number: int
    name: str
    source: str | None
    object_type: ObjectType
    object_id: str
    targets: tuple[TargetName, ...]
    method: str
    keep: Keep | None
    max_age_s: float
    covered_for_s: float
    verify: VerifyLevel
    keep_snapshot: bool
    images: str | None = None
    require_images: bool | None = None
    carry: bool = True
    allow_shared_images: bool = False
    face_user_data: bool = True
    refresh_user_data: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan file, checked as far as that goes without the configuration."""

    path: Path
    jobs: int
    items: tuple[PlanItem, ...]
    ping: str | None
    metrics: OutputPath | None
    lines: LineNumbers = field(repr=False)

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @property
    def check_metrics(self) -> OutputPath | None:
        """The textfile of checks, beside that of runs."""
        if self.metrics is None:
            return None
        path = self.metrics.path.with_name(f"{self.metrics.path.stem}-check{self.metrics.path.suffix}")
        return self.metrics._replace(path=path, label=f"{self.metrics.label}: {path.name}, which --check writes")

    def outputs(self, now: datetime) -> list[OutputPath]:
        """Return the files that runs and checks write at this moment."""
        directory = self.path.absolute().parent
        archives = [
            OutputPath(
                directory / target.template.render(now),
                f"{self.path}:{self.line(item, 'to')}: to: {target.text}",
                Writing.ARCHIVE,
                is_required=False,
                in_file=True,
            )
            for item in self.items
            for target in item.targets
            if target.profile == "file" and target.template
        ]
        return [*archives, *(output for output in (self.metrics, self.check_metrics) if output)]

    def line(self, item: PlanItem, key: str) -> int:
        """Return the line of an item's key, else of the item."""
        return _line(self.lines, "backup", item.number, key)

    def name_keys(self, item: PlanItem, failure: FacesnapError | None) -> None:
        """Replace options in the hint of an item's failure by keys of the plan, and its export by the run."""
        if failure:
            if failure.resume[1:2] == ("export",):
                failure.resume = command("run", self.path.absolute())
            failure.hint = failure.hint.in_plan(_KEYS_OF_OPTIONS, f"{self.path}:{self.line(item, '')}", item.source)
            for part in failure.failures:
                self.name_keys(item, part)

    def wrong(self, item: PlanItem, key: str, error: UsageError) -> ConfigurationError:
        """Return the error for a value that only the configuration shows to be wrong."""
        message = f"{self.path}:{self.line(item, key)}: item {item.name}: {error.message}"
        hint = error.hint.in_plan(_KEYS_OF_OPTIONS, "", item.source)
        return ConfigurationError(message, hint=hint, also=error.also, details=error.details)


def colliding(item: PlanItem, target: TargetName, other: PlanItem, its_target: TargetName, line: int) -> str:
    """Return the complaint about two targets, the second in `line`, that could get copies of the same name."""
    who = f"{item.name} and {other.name}" if other is not item else f"two targets of {item.name}"
    return f"{who} could make the same copy in {target.profile}: {target.text} here, {its_target.text} in line {line}"


def read_plan(path: Path) -> Plan:
    """Read and check a plan. Raises ConfigurationError that names the line of everything that is wrong."""
    try:
        file = read_regular(path, MAX_BYTES)
    except OSError as error:
        unknown, hint = None, Hint()
        if isinstance(error, FileNotFoundError):
            unknown = Unknown("plan", path.name)
            hint = Hint(command("run", "--init", path), " writes one to fill in")
        raise ConfigurationError(
            f"the plan {path} cannot be read: {error.strerror}", hint=hint, unknown=unknown
        ) from error
    if file.writable_by_all:
        raise ConfigurationError(
            f"the plan {path} may be written by anybody, who could have your objects replaced and deleted",
            hint=shlex.join(["chmod", "go-w", str(path)]),
        )
    text, data = parsed_toml(path, file.content)
    reader = _Reader(path, LineNumbers(text))
    plan = reader.plan(data)
    reader.raise_complaints()
    return plan


class _Reader:
    """Reads one plan and collects complaints, so that all are shown at once."""

    def __init__(self, path: Path, lines: LineNumbers):
        self._path = path
        self._lines = lines
        self._complaints: list[tuple[int, str, Hint]] = []
        self._item_name = ""

    def plan(self, data: Mapping[str, Any]) -> Plan:
        for key in data:
            if key not in PLAN_KEYS:
                self._complain(self._line(key), f"unknown key {harmless(key)!r}{near(key, PLAN_KEYS)}")
        entries = data.get("backup")
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
            self._complain(self._line("backup"), "a plan needs at least one [[backup]]")
            entries = []
        items = [item for number, entry in enumerate(entries) if (item := self._item(number, entry))]
        self._item_name = ""
        self._check_together(items)
        notify = data.get("notify", {})
        if not isinstance(notify, dict):
            self._complain(self._line("notify"), "notify is a table: [notify]")
            notify = {}
        for key in notify:
            if key not in NOTIFY_KEYS:
                line = self._line("notify", key)
                self._complain(line, f"unknown key {harmless(key)!r} in [notify]{near(key, NOTIFY_KEYS)}")
        ping = self._value(notify, "ping", url_value, lambda: self._line("notify", "ping"))
        metrics = self._value(notify, "metrics", self._metrics, lambda: self._line("notify", "metrics"))
        jobs = self._value(data, "jobs", jobs_value, lambda: self._line("jobs")) or DEFAULT_JOBS
        return Plan(self._path, jobs, tuple(items), ping, metrics, self._lines)

    def _metrics(self, raw: object) -> OutputPath:
        label = f"{self._path}:{self._line('notify', 'metrics')}: metrics"
        return output_path(
            text_value(raw), label, Writing.TEXT, base=self._path.parent, is_required=False, in_file=True
        )

    def raise_complaints(self) -> None:
        """Raise all complaints as one error, each on a line of its own."""
        if not self._complaints:
            return
        in_order = sorted(self._complaints, key=lambda complaint: complaint[:2])
        found = [(f"{self._path}:{line}: {message}", hint) for line, message, hint in in_order]
        details: dict[str, object] = {"complaints": [line for line, _ in found]}
        if len(found) > 1:
            first, *also = [Hint.joined((line, hint)) for line, hint in found]
            raise ConfigurationError(str(first), also=also, details=details)
        raise ConfigurationError(found[0][0], hint=found[0][1], details=details)

    def _item(self, number: int, entry: Mapping[str, Any]) -> PlanItem | None:
        before, name = len(self._complaints), entry.get("name")
        self._item_name = name if isinstance(name, str) and OBJECT_ID.fullmatch(name) else ""

        def line(key: str) -> int:
            return self._line("backup", number, *([key] if key else []))

        def value(key: str, parse: Callable[[Any], Read]) -> Read | None:
            if ITEM_KEYS[key].is_required and key not in entry:
                self._complain(line(""), f"this [[backup]] has no {key}")
            return self._value(entry, key, parse, lambda: line(key))

        for key in entry:
            if key not in ITEM_KEYS:
                meant = near(OTHER_ITEM_KEYS.get(key, key), ITEM_KEYS)
                self._complain(line(key), f"unknown key {harmless(key)!r}{meant}")
        name = value("name", lambda raw: check_object_id(text_value(raw), what="item name")) or "-"
        object_type = value("type", lambda raw: parse_object_type(text_value(raw)))
        object_id = value("object_id", lambda raw: check_object_id(text_value(raw)))
        targets = value("to", lambda raw: targets_value(raw, name))
        method = value("method", method_value) or "snapshot"
        keep = value("keep", keep_value)
        verify = value("verify", level_value) or VerifyLevel.QUICK
        max_age_s = value("max_age", duration_value) or parse_duration(DEFAULT_MAX_AGE)
        covered_for_s = value("covered_for", duration_value) or max_age_s
        source, keep_snapshot = value("from", text_value), value("keep_snapshot", flag_value) or False
        images, require_images = value("images", lambda raw: path_value(raw, name)), value("require_images", flag_value)
        carry, allow_shared_images = value("carry", flag_value), value("allow_shared_images", flag_value) or False
        face_user_data, refresh = value("face_user_data", flag_value), value("refresh_user_data", flag_value) or False
        for key in ("face_user_data", "refresh_user_data"):
            if key in entry and method == "snapshot":
                self._complain(line(key), f'{key} is for method = "export": a snapshot has all user data')
        if refresh and face_user_data is False:
            said = "refresh_user_data reads what face_user_data = false leaves out: give one of them"
            self._complain(line("refresh_user_data"), said)
        for key in ("images", "require_images", "carry", "allow_shared_images"):
            if key in entry and method == "snapshot":
                self._complain(line(key), f'{key} is for method = "export": a snapshot needs no images')
            elif key in entry and key in ("carry", "allow_shared_images") and "images" not in entry:
                self._complain(line(key), f"{key} is about the images of images, which this [[backup]] does not have")
        if targets:
            self._check_targets(targets, method, keep, line)
        if keep and verify is VerifyLevel.NONE:
            self._complain(line("keep"), "keep deletes older copies only once the new one is verified: verify it")
        if len(self._complaints) > before or not (object_type and object_id and targets):
            return None
        return PlanItem(
            number,
            name,
            source,
            object_type,
            object_id,
            targets,
            method,
            keep,
            max_age_s,
            covered_for_s,
            verify,
            keep_snapshot,
            images,
            require_images,
            carry is not False,
            allow_shared_images,
            face_user_data is not False,
            refresh,
        )

    def _check_targets(
        self, targets: tuple[TargetName, ...], method: str, keep: Keep | None, line: Callable[[str], int]
    ) -> None:
        for target in targets:
            if (target.profile == "file") != (method == "export"):
                wanted = "file:PATH" if method == "export" else "PROFILE:OBJECT_ID"
                self._complain(line("to"), f'method = "{method}" needs targets of the form {wanted}')
            elif method == "export" and target.template and is_name_of_partial(Path(target.template.text)):
                said = f"to: {harmless(target.text)} has the name of an unfinished archive"
                self._complain(line("to"), said, "name it NAME.facesnap")
            elif method == "snapshot" and target.template:
                made = target.template.render(_SAMPLE)
                self._attempt(partial(check_object_id, made, what="object id of a target"), line("to"), "to: ")
            if keep and not (target.template and target.template.is_dated):
                self._complain(line("keep"), "keep needs {date} in every target's id: older copies are known by it")

    def _check_together(self, items: list[PlanItem]) -> None:
        names: dict[str, int] = {}
        places: dict[tuple[str, str], Names[tuple[PlanItem, TargetName]]] = {}
        sources: dict[tuple[str | None, str, str, str], str] = {}
        for item in items:
            source = sources.setdefault((item.source, item.object_type.value, item.object_id, item.method), item.name)
            if source != item.name:
                line = self._line("backup", item.number, "object_id")
                self._complain(line, f"{source} backs {item.object_id} up already: give that one all the targets")
            line = self._line("backup", item.number, "name")
            if item.name in names:
                self._complain(line, f"the name {item.name} is in line {names[item.name]} already")
            names.setdefault(item.name, line)
            for target in item.targets:
                # Archives of all types lie in the same directories; objects of two types may have the same id.
                kind = "" if target.profile == "file" else item.object_type.value
                names_there = places.setdefault((target.profile, kind), Names())
                place = self._place(item, target)
                # They would delete each other's copies.
                if other := names_there.owner_of(place):
                    line, first = (self._line("backup", number, "to") for number in (item.number, other[0].number))
                    self._complain(line, colliding(item, target, *other, first), APART)
                names_there.add(place, (item, target))

    def _place(self, item: PlanItem, target: TargetName) -> Template:
        """Return the template of a target's ids, or of its files' full paths."""
        if target.template is None:
            return Template(item.object_id)
        if target.profile != "file":
            return target.template
        text = target.template.text.replace("{name}", target.template.name)
        fixed = text.partition("{")[0].rpartition("/")[0]
        directory = os.path.realpath(self._path.absolute().parent / fixed).translate(_BRACES)
        return Template(os.path.normpath(f"{directory}/{text[len(fixed) :]}"))

    def _value(
        self, table: Mapping[str, Any], key: str, parse: Callable[[Any], Read], line: Callable[[], int]
    ) -> Read | None:
        if key not in table:
            return None
        return self._attempt(lambda: parse(table[key]), line(), f"{key}: ")

    def _attempt(self, parse: Callable[[], Read], line: int, prefix: str = "") -> Read | None:
        try:
            return parse()
        except UsageError as error:
            self._complain(line, f"{prefix}{error.message}", error.hint)
            return None

    def _line(self, *keys: str | int) -> int:
        return _line(self._lines, *keys)

    def _complain(self, line: int, message: str, hint: Hint | str = "") -> None:
        item = f"item {self._item_name}: " if self._item_name else ""
        self._complaints.append((line, f"{item}{message}", as_hint(hint)))


def _line(lines: LineNumbers, *keys: str | int) -> int:
    """Return the line of a key, else of the table in which it belongs, else 1."""
    return next((line for length in range(len(keys), 0, -1) if (line := lines.line(*keys[:length]))), 1)
