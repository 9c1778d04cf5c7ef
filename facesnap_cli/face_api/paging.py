"""Read a list of the service page by page, completely or not at all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from facesnap_cli.models.wire_values import unreadable

if TYPE_CHECKING:
    from facesnap_cli.models.objects import Person

PAGE_SIZE = 1000
MAX_PAGES = 100_000  # a hundred times the full pages of the service's largest object
Item = TypeVar("Item")


def pages_for(elements: int) -> int:
    """Return how many requests read a list of so many elements. The last one returns nothing."""
    return -(-elements // PAGE_SIZE) + 1


def read_list(body: object, read: Callable[[object], Item], what: str) -> list[Item]:
    """Return the elements of a JSON array. Raises UnreachableError if one of them, or the whole, cannot be read."""
    if not isinstance(body, list):
        raise unreadable(f"{what}: the service answered something that is not a list")
    return [read(item) for item in body]


def pages_of(
    get: Callable[[Mapping[str, str | None]], object],
    read: Callable[[object], Item],
    id_of: Callable[[Item], str],
    what: str,
) -> Iterator[list[Item]]:
    """Yield the pages of a list that are not empty. `get` requests the page with these parameters.

    A page may hold fewer elements than were requested, so only an empty page is certainly the end. A service without
    paging sends the same page again.
    """
    before: list[Item] = []
    for number in itertools.count(1):
        start = id_of(before[-1]) if before else None
        page = read_list(get({"start": start, "top": str(PAGE_SIZE)}), read, what)
        if not page or (page == before and len(page) < PAGE_SIZE):
            return
        if page == before or number == MAX_PAGES:
            raise unreadable(f"{what}: the service answers pages without an end")
        yield page
        before = page


def in_order(pages: Iterable[list[Item]], id_of: Callable[[Item], str], what: str) -> Iterator[list[Item]]:
    """Yield the pages. Raises UnreachableError if an id is not greater than the one before."""
    last = ""
    for page in pages:
        for item in page:
            if id_of(item).lower() <= last:
                raise unreadable(f"{what}: the service answered {id_of(item)} twice, or out of order")
            last = id_of(item).lower()
        yield page


def each_once(pages: Iterable[list[Item]], id_of: Callable[[Item], str], what: str) -> Iterator[Item]:
    """Yield the elements of pages whose order is not known. Raises UnreachableError for an id that comes twice."""
    seen: set[str] = set()
    for item in itertools.chain.from_iterable(pages):
        if id_of(item).lower() in seen:
            raise unreadable(f"{what}: the service answered {id_of(item)} twice")
        seen.add(id_of(item).lower())
        yield item


def with_own_faces(persons: Iterable[Person], what: str) -> Iterator[Person]:
    """Yield the persons. Raises UnreachableError if two of them have the same face."""
    seen: set[int] = set()  # hashes, because a group may have a million faces
    for person in persons:
        for face_id in person.face_ids:
            count = len(seen)
            seen.add(hash(face_id.lower()))
            if len(seen) == count:
                raise unreadable(f"{what}: the service answered face {face_id} twice")
        yield person
