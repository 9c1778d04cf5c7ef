"""The keys of a plan file, each with what it means. `make docs` makes the reference of plans from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class PlanKey(NamedTuple):
    """A key of a plan: what it means, the value that stands for it if it is left out, whether it may be left out."""

    help: str
    default: str = ""
    is_required: bool = False


PLAN_KEYS: Mapping[str, PlanKey] = {
    "jobs": PlanKey("how many items are backed up at once, up to 64; `--jobs` replaces it", "4"),
    "backup": PlanKey("the items: a `[[backup]]` for each object", is_required=True),
    "notify": PlanKey("the table `[notify]`: who is told about a run"),
}
ITEM_KEYS: Mapping[str, PlanKey] = {
    "name": PlanKey(
        "the item's name: `a-z`, `0-9`, `-` and `_`. `{name}` in `to` and `images` stands for it", is_required=True
    ),
    "from": PlanKey("the profile of the object's account", "the chosen profile"),
    "type": PlanKey("`PersonGroup`, `LargePersonGroup`, `FaceList` or `LargeFaceList`", is_required=True),
    "object_id": PlanKey("the object's id", is_required=True),
    "method": PlanKey("`snapshot` copies to other accounts, `export` writes archive files", "snapshot"),
    "to": PlanKey("the targets: `PROFILE:OBJECT_ID` for `snapshot`, `file:PATH` for `export`", is_required=True),
    "keep": PlanKey("which older backups stay: `{ last, daily, weekly, monthly }`, at least one of them", "all"),
    "max_age": PlanKey("a backup that is younger is not made again", "20h"),
    "covered_for": PlanKey("how long a backup counts for `backups --check`", "`max_age`"),
    "verify": PlanKey("how a copy is compared with its source: `none`, `quick` or `full`", "quick"),
    "keep_snapshot": PlanKey("`true` leaves the snapshot of a copy, which lives for 48 hours", "false"),
    "images": PlanKey("for `export`: the directory or manifest of the original images"),
    "carry": PlanKey("for `export`: `false` drops an image whose file is gone", "true"),
    "require_images": PlanKey(
        "for `export`: `true` needs an image of every face, `false` of none", "at least one face has an image"
    ),
    "allow_shared_images": PlanKey("for `export`: `true` lets several persons have the same image", "false"),
    "face_user_data": PlanKey(
        "for `export`: `false` leaves out the user data of faces, which costs a request each", "true"
    ),
    "refresh_user_data": PlanKey(
        "for `export`: `true` reads the user data of faces again that the last archive has", "false"
    ),
}
KEEP_KEYS: Mapping[str, PlanKey] = {
    "last": PlanKey("so many newest backups"),
    "daily": PlanKey("the newest backup of each of so many days (UTC) that have one"),
    "weekly": PlanKey("the newest backup of each of so many ISO weeks that have one"),
    "monthly": PlanKey("the newest backup of each of so many months that have one"),
}
NOTIFY_KEYS: Mapping[str, PlanKey] = {
    "ping": PlanKey("a URL that gets the start, the end and the result of each run: https, or http to this machine"),
    "metrics": PlanKey("a Prometheus textfile that each run replaces"),
}
