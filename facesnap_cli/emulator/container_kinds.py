"""The four kinds of container and the words that the service has for each."""

from __future__ import annotations

from dataclasses import dataclass

from facesnap_cli.emulator.protocol.refusals import ServiceError, bad_argument


@dataclass(frozen=True)
class Kind:
    """One kind of container. `name` is what a snapshot's `type` says, `noun` what its messages say."""

    name: str
    noun: str
    has_persons: bool
    trains: bool
    large: bool

    @property
    def singular(self) -> str:
        """The word in an operation's resource location: `persongroup`."""
        return self.name.lower()

    @property
    def path(self) -> str:
        """The collection's segment in a URL: `persongroups`."""
        return self.singular + "s"

    @property
    def id_key(self) -> str:
        """The id's key in JSON and in route templates: `personGroupId`."""
        return self.name[0].lower() + self.name[1:] + "Id"

    def not_found(self) -> ServiceError:
        """404, no container of this id."""
        return ServiceError(404, f"{self.name}NotFound", f"{self.noun} is not found.")

    def id_not_found(self) -> ServiceError:
        """404, an id that no container can have."""
        return ServiceError(404, f"{self.name}NotFound", f"{self.noun} ID is invalid.")

    def id_invalid(self) -> ServiceError:
        """400, an id that no container may be given."""
        return bad_argument(f"{self.noun} ID is invalid.")

    def exists(self) -> ServiceError:
        """409, the id is taken."""
        return ServiceError(409, f"{self.name}Exists", f"{self.noun} already exists.")

    def not_trained(self, status: int = 404) -> ServiceError:
        """404 (400 when asked to identify): the container was never trained with success."""
        return ServiceError(status, f"{self.name}NotTrained", f"{self.noun} not trained.")

    def in_training(self) -> ServiceError:
        """409, a training is under way."""
        return ServiceError(409, f"{self.name}TrainingNotFinished", f"{self.noun} is under training.")


PERSON_GROUP = Kind("PersonGroup", "Person group", has_persons=True, trains=True, large=False)
LARGE_PERSON_GROUP = Kind("LargePersonGroup", "Large person group", has_persons=True, trains=True, large=True)
FACE_LIST = Kind("FaceList", "Face list", has_persons=False, trains=False, large=False)
LARGE_FACE_LIST = Kind("LargeFaceList", "Large face list", has_persons=False, trains=True, large=True)

KINDS = {kind.name: kind for kind in (PERSON_GROUP, LARGE_PERSON_GROUP, FACE_LIST, LARGE_FACE_LIST)}
