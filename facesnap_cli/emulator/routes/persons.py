"""Serve the persons of groups."""

from __future__ import annotations

from starlette.responses import Response

from facesnap_cli.emulator.container_kinds import Kind
from facesnap_cli.emulator.ids import guid_text
from facesnap_cli.emulator.protocol import decode, encode
from facesnap_cli.emulator.routes.endpoint import Call, Endpoint, names


def person_endpoints(kind: Kind) -> list[Endpoint]:
    """Return the endpoints for the persons in one kind of group. A kind of list has none."""
    if not kind.has_persons:
        return []
    routes = _PersonRoutes(kind)
    collection = f"/{kind.path}/{{{kind.id_key}}}/persons"
    item = f"{collection}/{{personId}}"
    return [
        Endpoint("GET", collection, routes.list, query=names("start", "top")),
        Endpoint("POST", collection, routes.create, takes="json", members=names("name", "userData")),
        Endpoint("GET", item, routes.get),
        Endpoint("PATCH", item, routes.update, takes="json", members=names("name", "userData")),
        Endpoint("DELETE", item, routes.delete),
    ]


class _PersonRoutes:
    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def list(self, call: Call) -> Response:
        start, top = decode.page_of_guids(call.query)
        group = call.store.containers.get(call.account.name, self._kind, self._id(call))
        persons = call.store.persons.list(group, start, top)
        return encode.json_response([encode.person(person, call.dialect) for person in persons])

    def create(self, call: Call) -> Response:
        name = decode.name(call.body, required=True)
        assert name is not None
        user_data = decode.user_data(call.body)
        group = call.store.containers.edit(call.account.name, self._kind, self._id(call))
        person = call.store.persons.create(group, call.tier, name=name, user_data=user_data)
        return encode.json_response({"personId": guid_text(person)})

    def get(self, call: Call) -> Response:
        group = call.store.containers.get(call.account.name, self._kind, self._id(call))
        return encode.json_response(encode.person(call.store.persons.get(group, call.params["personId"]), call.dialect))

    def update(self, call: Call) -> Response:
        name, user_data = decode.name(call.body, required=False), decode.user_data(call.body)
        group = call.store.containers.edit(call.account.name, self._kind, self._id(call))
        call.store.persons.update(group, call.params["personId"], name=name, user_data=user_data)
        return encode.empty_response()

    def delete(self, call: Call) -> Response:
        group = call.store.containers.edit(call.account.name, self._kind, self._id(call))
        call.store.persons.delete(group, call.params["personId"])
        return encode.empty_response()

    def _id(self, call: Call) -> str:
        return call.params[self._kind.id_key]
