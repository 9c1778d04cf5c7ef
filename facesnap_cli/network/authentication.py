"""The interface of a credential, and the header that carries a key."""

from __future__ import annotations

from typing import Protocol

from facesnap_cli.common.secret import Secret

KEY_HEADER = "Ocp-Apim-Subscription-Key"


class Credential(Protocol):
    """What authenticates the requests of one profile. Safe for several threads."""

    def header(self) -> tuple[str, Secret]:
        """Return the header's name and value. Raises CredentialsError where the source fails."""
        ...

    def refused(self, value: Secret) -> bool:
        """Take note that the service refused `value` (401); tell whether another one can be tried now."""
        ...

    @property
    def keys_refused(self) -> int:
        """How many keys the service has refused, of those that were tried."""
        ...

    def each(self) -> list[Credential]:
        """Return each key by itself, the first one first, so that every one can be tried.

        Raises CredentialsError where one cannot be read.
        """
        ...
