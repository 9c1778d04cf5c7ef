"""Print the persons of a person group: people.py ENDPOINT GROUP [PHOTOS], with the key on stdin.

With PHOTOS it saves the pictures that the emulator drew of them there, a directory a person: Face itself returns none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen


def show(key: str, endpoint: str, group: str, photos: str = "") -> None:
    """Print a line for each person of a group, and save their pictures."""
    url = f"{endpoint}/face/v1.0/persongroups/{group}/persons"
    request = Request(url, headers={"Ocp-Apim-Subscription-Key": key})
    with urlopen(request, timeout=30) as answer:
        persons = json.load(answer)
    for person in persons:
        print(f"{person['name']}: {len(person['persistedFaceIds'])} faces, {person['personId']}")
        for face_id in person["persistedFaceIds"] if photos else ():
            with urlopen(f"{endpoint}/_emulator/images/{face_id}", timeout=30) as picture:
                directory = Path(photos) / person["name"]
                directory.mkdir(parents=True, exist_ok=True)
                (directory / f"{face_id}.png").write_bytes(picture.read())


if __name__ == "__main__":
    show(sys.stdin.readline().strip(), *sys.argv[1:])
