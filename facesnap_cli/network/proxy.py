"""Choose the HTTP proxy to an endpoint: the given one, else by HTTPS_PROXY and NO_PROXY."""

from __future__ import annotations

import os
from typing import NamedTuple

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.secret import Secret
from facesnap_cli.models.endpoints import HOST_NAME, is_local

_VARIABLES = ("https_proxy", "all_proxy")


class Proxy(NamedTuple):
    """An HTTP proxy. `url` and `str()` have no user and password, so both can be shown."""

    url: str
    user: str | None = None
    password: Secret | None = None

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """Read `http://[USER:PASSWORD@]HOST:PORT`; the default scheme is http. Raises UsageError, without the text."""
        from urllib.parse import unquote, urlsplit

        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or not HOST_NAME.fullmatch(host) or parts.path.strip("/") or parts.query or parts.fragment:
            raise UsageError("is not a proxy; it looks like http://HOST:PORT")
        if parts.scheme not in ("http", "https"):
            raise UsageError("must be an http:// or https:// proxy")
        name = f"[{host}]" if ":" in host else host
        user = unquote(parts.username) if parts.username else None
        password = Secret(unquote(parts.password or "")) if user else None
        return cls(f"{parts.scheme}://{name}:{port or (443 if parts.scheme == 'https' else 80)}", user, password)

    def __str__(self) -> str:
        return self.url

    @property
    def is_local(self) -> bool:
        return is_local(self.url)


def proxy_for(endpoint: str, given: Proxy | None) -> Proxy | None:
    """Return the proxy to `endpoint`: the `given` one, else by HTTPS_PROXY and NO_PROXY.

    A request without TLS shows its key to a proxy, so an http endpoint allows only a given proxy on this machine.
    Raises UsageError.
    """
    from urllib.parse import urlsplit

    if endpoint.startswith("http:"):
        if given and not given.is_local:
            raise UsageError(f"{endpoint} without TLS would show the key to the proxy {given}")
        return given
    if given:
        return given
    if not any(name.lower() in _VARIABLES for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass

    found = getproxies()
    text = found.get("https") or found.get("all")
    if not text or proxy_bypass(urlsplit(endpoint).hostname or ""):
        return None
    try:
        return Proxy.parse(text)
    except UsageError as error:
        raise UsageError(f"the environment's HTTPS_PROXY (or ALL_PROXY) {error.message}") from None
