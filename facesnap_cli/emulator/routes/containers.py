"""Serve groups and lists: create, get, list, update, delete, train."""

from __future__ import annotations

from starlette.responses import Response

from facesnap_cli.emulator.container_kinds import Kind
from facesnap_cli.emulator.protocol import decode, encode
from facesnap_cli.emulator.protocol.service_errors import bad_argument
from facesnap_cli.emulator.routes.endpoint import Call, Endpoint, names


def container_endpoints(kind: Kind) -> list[Endpoint]:
    """Return the endpoints for one kind of container."""
    routes = _ContainerRoutes(kind)
    collection, item = f"/{kind.path}", f"/{kind.path}/{{{kind.id_key}}}"
    # A list of face lists has no pages.
    paging = names("start", "top") if kind.trains else names()
    with_model = names("returnRecognitionModel")
    endpoints = [
        Endpoint("GET", collection, routes.list, query=paging | with_model),
        Endpoint("PUT", item, routes.create, takes="json", members=names("name", "userData", "recognitionModel")),
        Endpoint("GET", item, routes.get, query=with_model),
        Endpoint("PATCH", item, routes.update, takes="json", members=names("name", "userData")),
        Endpoint("DELETE", item, routes.delete),
    ]
    if kind.trains:
        endpoints += [
            Endpoint("POST", f"{item}/train", routes.train),
            Endpoint("GET", f"{item}/training", routes.training),
        ]
    return endpoints


class _ContainerRoutes:
    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def list(self, call: Call) -> Response:
        start, top = decode.page(call.query) if self._kind.trains else ("", -1)
        with_model = decode.boolean(call.query, "returnRecognitionModel")
        found = call.store.containers.list(call.account.name, self._kind, start, top)
        return encode.json_response([encode.container(item, call.dialect, with_model=with_model) for item in found])

    def create(self, call: Call) -> Response:
        name = decode.name(call.body, required=True)
        assert name is not None
        call.store.containers.create(
            call.account.name,
            self._kind,
            self._id(call),
            call.tier,
            name=name,
            user_data=decode.user_data(call.body),
            model=decode.model(call.body, "recognitionModel", decode.RECOGNITION_MODELS),
        )
        return encode.empty_response()

    def get(self, call: Call) -> Response:
        with_model = decode.boolean(call.query, "returnRecognitionModel")
        found = call.store.containers.get(call.account.name, self._kind, self._id(call))
        faces = None if self._kind.trains else call.store.faces.list(found)
        return encode.json_response(encode.container(found, call.dialect, with_model=with_model, faces=faces))

    def update(self, call: Call) -> Response:
        name, user_data = decode.name(call.body, required=False), decode.user_data(call.body)
        if self._kind.large and name is None and user_data is None:
            raise bad_argument("Both 'name' and 'userData' are empty.")
        call.store.containers.update(call.account.name, self._kind, self._id(call), name=name, user_data=user_data)
        return encode.empty_response()

    def delete(self, call: Call) -> Response:
        call.store.containers.delete(call.account.name, self._kind, self._id(call))
        return encode.empty_response()

    def train(self, call: Call) -> Response:
        call.store.containers.train(call.account.name, self._kind, self._id(call))
        location = call.location(f"/{self._kind.path}/{self._id(call)}/training")
        return encode.accepted(call.dialect.location_header, location)

    def training(self, call: Call) -> Response:
        found = call.store.containers.get(call.account.name, self._kind, self._id(call))
        training = call.store.containers.training(found)
        if training is None:
            raise self._kind.not_trained()
        return encode.json_response(encode.training(training, call.dialect))

    def _id(self, call: Call) -> str:
        return call.params[self._kind.id_key]
