"""Declare what a credential can do, and name the header that carries a key."""

from __future__ import annotations

from typing import Protocol

from facesnap_cli.common.secret import Secret

KEY_HEADER = "Ocp-Apim-Subscription-Key"


class Credential(Protocol):
    """Authenticates the requests of one profile. Safe for several threads."""

    def header(self) -> tuple[str, Secret]:
        """Return the header's name and value. Raises CredentialsError if the source fails."""
        ...

    def refused(self, value: Secret) -> bool:
        """Record that the service refused `value` (401), and return whether another one can be tried now."""
        ...

    @property
    def keys_refused(self) -> int:
        """The number of keys that were tried and refused."""
        ...

    def each(self) -> list[Credential]:
        """Return a credential for each key, in their order, so that every key can be tried.

        Raises CredentialsError if a key cannot be read.
        """
        ...
