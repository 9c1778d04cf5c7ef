"""Where requests may go: an endpoint with TLS or on this machine, and the proxy on the way to it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.secret import Secret

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_VARIABLES = ("https_proxy", "all_proxy")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_PATH = re.compile(r"/*|/face(/v[0-9]+\.[0-9]+(-preview)?)?/*")
_KEY = re.compile(r"[0-9A-Za-z]{24,}")
_EXAMPLE = "https://NAME.cognitiveservices.azure.com"


def parse_endpoint(text: str) -> str:
    """Return an endpoint as `https://HOST[:PORT]`, what follows the host cut off. Raises UsageError.

    Without TLS only this machine may be one, by a name that cannot be another's: no numbers in other forms.
    """
    from urllib.parse import urlsplit

    if _KEY.fullmatch(text):
        raise UsageError(f"is not an endpoint but looks like a key; an endpoint is {_EXAMPLE}")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"{harmless(text)[:200]!r} is not a URL") from None
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError(f"must be {_EXAMPLE}, without a user, a query or a fragment")
    if not host or not _HOST.fullmatch(host) or parts.scheme not in ("http", "https") or not text.isprintable():
        raise UsageError(f"{harmless(text)[:200]!r} is not an endpoint; it looks like {_EXAMPLE}")
    if parts.scheme == "http" and host not in LOOPBACK_HOSTS:
        raise UsageError(f"{harmless(text)[:200]} would carry the key unencrypted; use https")
    if not _PATH.fullmatch(parts.path):
        raise UsageError(f"an endpoint ends at its host; {harmless(parts.path)[:200]} is too much")
    shown_host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown_host}" + (f":{port}" if port is not None else "")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. `url` is without user and password, fit to be shown; so is `str()`."""

    url: str
    user: str | None = None
    password: Secret | None = None

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """Read `http://[USER:PASSWORD@]HOST:PORT`; without a scheme it is http. Raises UsageError, without the text."""
        from urllib.parse import unquote, urlsplit

        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or not _HOST.fullmatch(host) or parts.path.strip("/") or parts.query or parts.fragment:
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


def is_local(url: str) -> bool:
    """Tell whether a checked endpoint or proxy is on this machine."""
    from urllib.parse import urlsplit

    return urlsplit(url).hostname in LOOPBACK_HOSTS


def host_of(url: str) -> str:
    """Return a URL's host and port, fit to be shown: without a user, a password and a path, which may be secrets."""
    from urllib.parse import urlsplit

    return urlsplit(url).netloc.rpartition("@")[2]


def proxy_for(endpoint: str, given: Proxy | None) -> Proxy | None:
    """Return the proxy on the way to `endpoint`: the one `given`, else the one that HTTPS_PROXY and NO_PROXY choose.

    A request without TLS shows its key to a proxy, so an http endpoint takes only a given one on this machine.
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
