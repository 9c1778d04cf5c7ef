"""Declare what a credential can do, and name the header that carries a key."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from facesnap_cli.common.hints import Hint
from facesnap_cli.common.secret import Secret

KEY_HEADER = "Ocp-Apim-Subscription-Key"


class CredentialDescription(NamedTuple):
    """A credential in words: whose it is (`profile dr`, or nothing), its name, and what to do if it is refused."""

    owner: str = ""
    name: str = "the key"
    mending: Hint = Hint()


NAMELESS = CredentialDescription()


class Credential(Protocol):
    """Authenticates the requests of one profile. Safe for several threads."""

    def header(self) -> tuple[str, Secret]:
        """Return the header's name and value. Raises CredentialsError if the source fails."""
        ...

    def refused(self, value: Secret) -> bool:
        """Record that the service refused `value` (401), and return whether another one can be tried now."""
        ...

    @property
    def description(self) -> CredentialDescription:
        """The credential for errors, as it is after the refusals so far."""
        ...

    def each(self) -> list[Credential]:
        """Return a credential for each key, in their order, so that every key can be tried.

        Raises CredentialsError if a key cannot be read.
        """
        ...
