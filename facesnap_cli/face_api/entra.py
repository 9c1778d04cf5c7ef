"""Authenticate with a token of Microsoft Entra ID."""

from __future__ import annotations

import logging
import threading
from typing import Any
from urllib.parse import urlsplit

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import CredentialsError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.hints import Hint
from facesnap_cli.common.patterns import pattern
from facesnap_cli.common.secret import Secret
from facesnap_cli.face_api.key_sources import bounded, check_key
from facesnap_cli.network.authentication import Credential, CredentialDescription

_CLOUDS = ("com", "us", "cn")
_RENEW_BEFORE_S = 300.0
_RETRY_TOKEN_AFTER_S = 60.0
_ENTRA_HINT = (
    "sign in with az login, run as a managed identity, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
)
_ATTEMPT = pattern(r"\w+Credential: ")
_NOT_MADE = ("unavailable", "not installed", "not found", "not be found", "requires the")


class EntraCredential:
    """A token of Microsoft Entra ID from azure-identity's DefaultAzureCredential, kept until shortly before it expires.

    The token gives access to every resource of its owner, so it is sent only to Azure's own hosts. Regional endpoints
    accept no token.
    """

    def __init__(self, endpoint: str, clock: Clock, owner: str = ""):
        self._owner = owner
        self._endpoint = endpoint
        self._scope = f"{_audience(endpoint)}/.default"
        try:
            from azure.identity import DefaultAzureCredential
        except ImportError:
            raise CredentialsError(
                'auth = "entra" needs azure-identity', hint="pip install 'facesnap-cli[entra]'"
            ) from None
        logger = logging.getLogger("azure")
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())  # without a handler, warnings go to stderr
        self._identity: Any = bounded("Entra ID", DefaultAzureCredential)
        self._clock = clock
        self._lock = threading.Lock()
        self._current: Secret | None = None
        self._fetched_at = self._renew_at = 0.0

    def header(self) -> tuple[str, Secret]:
        with self._lock:
            if self._current is None or self._clock.monotonic() >= self._renew_at:
                self._fetch()
            assert self._current is not None
            return "Authorization", self._current

    def refused(self, value: Secret) -> bool:
        with self._lock:
            if value is not self._current:
                return True
            if self._clock.monotonic() - self._fetched_at < _RETRY_TOKEN_AFTER_S:
                return False
            self._fetch()  # the old token may have been revoked
            return True

    @property
    def description(self) -> CredentialDescription:
        name = f"the Entra ID token of {self._owner}" if self._owner else "the Entra ID token"
        mending = Hint(
            f"give this identity the role Cognitive Services User on {self._endpoint}, or sign in as another"
        )
        return CredentialDescription(self._owner, name, mending)

    def each(self) -> list[Credential]:
        self.header()
        return [self]

    def _fetch(self) -> None:
        found = bounded("Entra ID", self._ask, hint=_ENTRA_HINT)
        left_s = float(found.expires_on) - self._clock.now().timestamp()
        self._fetched_at = self._clock.monotonic()
        self._renew_at = self._fetched_at + max(0.0, left_s - _RENEW_BEFORE_S)
        self._current = Secret(f"Bearer {check_key(found.token, 'Entra ID').reveal()}")

    def _ask(self) -> Any:
        try:
            return self._identity.get_token(self._scope)
        except Exception as error:
            raise CredentialsError(_reason_of(str(error)) or type(error).__name__) from error


def _reason_of(text: str) -> str:
    """Return the most useful line of azure-identity's message: the first attempt that was made and failed, if any."""
    lines = [line.strip() for line in text.strip().splitlines()]
    made = [one for one in lines if _ATTEMPT.match(one) and not any(word in one for word in _NOT_MADE)]
    return next(iter([*made, *lines]), "")


def _audience(endpoint: str) -> str:
    """Return the audience of a token for this endpoint. Raises CredentialsError if no token may be sent there."""
    host = urlsplit(endpoint).hostname or ""
    for cloud in _CLOUDS:
        if host.endswith(f".cognitiveservices.azure.{cloud}"):
            return f"https://cognitiveservices.azure.{cloud}"
    raise CredentialsError(
        f"Entra ID tokens go to https://NAME.cognitiveservices.azure.com alone, not to {harmless(endpoint)}",
        hint="give the resource a custom subdomain and use it as the endpoint, or use a key",
    )
