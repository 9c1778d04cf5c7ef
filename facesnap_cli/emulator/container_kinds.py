"""Define the four kinds of container, and the service's words for each."""

from __future__ import annotations

from dataclasses import dataclass

from facesnap_cli.emulator.protocol.service_errors import ServiceError, bad_argument


@dataclass(frozen=True)
class Kind:
    """A kind of container. `name` is the `type` of its snapshots, `noun` its name in messages."""

    name: str
    noun: str
    has_persons: bool
    trains: bool
    large: bool

    @property
    def singular(self) -> str:
        """The name in an operation's resource location: `persongroup`."""
        return self.name.lower()

    @property
    def path(self) -> str:
        """The collection's segment in a URL: `persongroups`."""
        return self.singular + "s"

    @property
    def id_key(self) -> str:
        """The id's key in JSON and in route templates: `personGroupId`."""
        return self.name[0].lower() + self.name[1:] + "Id"

    def not_found(self, status: int = 404) -> ServiceError:
        """Return the error for an id that no container has: 404, but 400 to recognition."""
        return ServiceError(status, f"{self.name}NotFound", f"{self.noun} is not found.")

    def id_not_found(self) -> ServiceError:
        """Return the 404 for an id that no container can have."""
        return ServiceError(404, f"{self.name}NotFound", f"{self.noun} ID is invalid.")

    def id_invalid(self) -> ServiceError:
        """Return the 400 for an id that is not allowed, of a new container or to recognition."""
        return bad_argument(f"{self.noun} ID is invalid.")

    def exists(self) -> ServiceError:
        """Return the 409 for a new container's id that is taken."""
        return ServiceError(409, f"{self.name}Exists", f"{self.noun} already exists.")

    def not_trained(self, status: int = 404) -> ServiceError:
        """Return the error for a container without a successful training: 404, but 400 to recognition."""
        return ServiceError(status, f"{self.name}NotTrained", f"{self.noun} not trained.")

    def in_training(self) -> ServiceError:
        """Return the 409 for a container that is being trained."""
        return ServiceError(409, f"{self.name}TrainingNotFinished", f"{self.noun} is under training.")


PERSON_GROUP = Kind("PersonGroup", "Person group", has_persons=True, trains=True, large=False)
LARGE_PERSON_GROUP = Kind("LargePersonGroup", "Large person group", has_persons=True, trains=True, large=True)
FACE_LIST = Kind("FaceList", "Face list", has_persons=False, trains=False, large=False)
LARGE_FACE_LIST = Kind("LargeFaceList", "Large face list", has_persons=False, trains=True, large=True)

KINDS = {kind.name: kind for kind in (PERSON_GROUP, LARGE_PERSON_GROUP, FACE_LIST, LARGE_FACE_LIST)}
