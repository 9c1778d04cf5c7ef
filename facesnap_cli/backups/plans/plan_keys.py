"""The keys of a plan file, each with what it means: the source of their reference, and of the plan of `run --init`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_WIDTH = 78


class PlanKey(NamedTuple):
    """A key of a plan: what it means, the value that stands for it if it is left out, whether it may be left out.

    `example` is a value as TOML. A plan to fill in `uses` some keys, and has the others in comments.
    """

    help: str
    default: str = ""
    is_required: bool = False
    example: str = ""
    uses: bool = False


PLAN_KEYS: Mapping[str, PlanKey] = {
    "jobs": PlanKey("how many items are backed up at once, up to 64; `--jobs` replaces it", "4", example="4"),
    "backup": PlanKey("the items: a `[[backup]]` for each object", is_required=True),
    "notify": PlanKey("the table `[notify]`: who is told about a run"),
}
# What people write for keys of an item.
OTHER_ITEM_KEYS: Mapping[str, str] = {
    **dict.fromkeys(("object_type", "kind", "resource_type"), "type"),
    **dict.fromkeys(("object", "id", "group", "group_id"), "object_id"),
    **dict.fromkeys(("profile", "source", "account"), "from"),
    **dict.fromkeys(("target", "targets", "destination", "dest"), "to"),
    **dict.fromkeys(("photos", "pictures", "image_dir"), "images"),
    **dict.fromkeys(("retention", "retain"), "keep"),
}
ITEM_KEYS: Mapping[str, PlanKey] = {
    "name": PlanKey(
        "the item's name: `a-z`, `0-9`, `-` and `_`. `{name}` in `to` and `images` stands for it",
        is_required=True,
        example='"employees"',
    ),
    "from": PlanKey("the profile of the object's account", "the chosen profile", example='"prod"', uses=True),
    "type": PlanKey(
        "`PersonGroup`, `LargePersonGroup`, `FaceList` or `LargeFaceList`", is_required=True, example='"PersonGroup"'
    ),
    "object_id": PlanKey("the object's id", is_required=True, example='"employees"'),
    "method": PlanKey(
        "`snapshot` copies to other accounts, `export` writes archive files",
        "snapshot",
        example='"export"',
        uses=True,
    ),
    "to": PlanKey(
        "the targets: `PROFILE:OBJECT_ID` for `snapshot`, `file:PATH` for `export`",
        is_required=True,
        example='["file:backups/{name}-{date}.facesnap"]',
    ),
    "keep": PlanKey(
        "which older backups stay: `{ last, daily, weekly, monthly }`, at least one of them",
        "all",
        example="{ last = 3, daily = 7, weekly = 4, monthly = 12 }",
        uses=True,
    ),
    "max_age": PlanKey("a backup that is younger is not made again", "20h", example='"20h"'),
    "covered_for": PlanKey("how long a backup counts for `backups --check`", "`max_age`", example='"30h"', uses=True),
    "verify": PlanKey("how a copy is compared with its source: `none`, `quick` or `full`", "quick", example='"quick"'),
    "keep_snapshot": PlanKey(
        "`true` leaves the snapshot of a copy, which lives for 48 hours", "false", example="false"
    ),
    "images": PlanKey("for `export`: the directory or manifest of the original images", example='"photos/"', uses=True),
    "carry": PlanKey("for `export`: `false` drops an image whose file is gone", "true", example="true"),
    "require_images": PlanKey(
        "for `export`: `true` needs an image of every face, `false` of none",
        "at least one face has an image",
        example="true",
    ),
    "allow_shared_images": PlanKey(
        "for `export`: `true` lets several persons have the same image", "false", example="false"
    ),
    "face_user_data": PlanKey(
        "for `export`: `false` leaves out the user data of faces, which costs a request each", "true", example="true"
    ),
    "refresh_user_data": PlanKey(
        "for `export`: `true` reads the user data of faces again that the last archive has", "false", example="false"
    ),
}
KEEP_KEYS: Mapping[str, PlanKey] = {
    "last": PlanKey("so many newest backups"),
    "daily": PlanKey("the newest backup of each of so many days (UTC) that have one"),
    "weekly": PlanKey("the newest backup of each of so many ISO weeks that have one"),
    "monthly": PlanKey("the newest backup of each of so many months that have one"),
}
NOTIFY_KEYS: Mapping[str, PlanKey] = {
    "ping": PlanKey(
        "a URL that gets the start, the end and the result of each run: https, or http to this machine",
        example='"https://hc-ping.com/UUID"',
    ),
    "metrics": PlanKey(
        "a Prometheus textfile that each run replaces", example='"/var/lib/node_exporter/facesnap.prom"'
    ),
}


def plan_to_fill_in() -> str:
    """Return a plan with one item, in which each key is explained."""
    intro = "A plan for facesnap run. Change the values to yours, and delete what you do not need."
    sections = [
        [*_comment(intro)],
        [*_explained(PLAN_KEYS)],
        [*_comment("An item; a plan has one for each object."), "[[backup]]", *_explained(ITEM_KEYS)],
        [*_comment(PLAN_KEYS["notify"].help), "[notify]", *_explained(NOTIFY_KEYS)],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _explained(keys: Mapping[str, PlanKey]) -> Iterator[str]:
    """Yield the lines of a table: above each key what it means."""
    for name, key in keys.items():
        if key.example:
            default = "required" if key.is_required else f"default: {key.default}" if key.default else ""
            yield from _comment(f"{key.help} ({default})" if default else key.help)
            yield f"{'' if key.is_required or key.uses else '# '}{name} = {key.example}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text.replace("`", ""), _WIDTH, initial_indent="# ", subsequent_indent="# ")
