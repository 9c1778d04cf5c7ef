"""Print the persons and faces of a person group: people.py ENDPOINT GROUP, with the key on stdin."""

from __future__ import annotations

import json
import sys
from urllib.request import Request, urlopen


def main(endpoint: str, group: str) -> None:
    request = Request(
        f"{endpoint}/face/v1.0/persongroups/{group}/persons",
        headers={"Ocp-Apim-Subscription-Key": sys.stdin.readline().strip()},
    )
    with urlopen(request, timeout=30) as answer:
        for person in json.load(answer):
            print(f"{person['name']}: {len(person['persistedFaceIds'])} faces, {person['personId']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
