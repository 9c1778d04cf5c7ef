"""Check endpoints: each has TLS or is on this machine."""

from __future__ import annotations

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.patterns import pattern

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
HOST_NAME = pattern(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_PATH = pattern(r"/*|/face(?:/(?P<version>v[0-9]+\.[0-9]+(?:-preview)?))?/*")
_DEFAULT_VERSION = "v1.0"
_KEY = pattern(r"[0-9A-Za-z]{24,}")
_EXAMPLE = "https://NAME.cognitiveservices.azure.com"
_PLACEHOLDER = pattern(r"(?:[^@]*@)?(?:NAME|YOUR[-_][A-Z]+|<[^>]*>)\..*")


def parse_endpoint(text: str) -> str:
    """Return an endpoint as `https://HOST[:PORT]`, without its path. Raises UsageError.

    An endpoint without TLS must be this machine, under a name that cannot mean another: no numbers in other forms.
    """
    from urllib.parse import urlsplit

    if _KEY.fullmatch(text):
        raise UsageError(f"is not an endpoint but looks like a key; an endpoint is {_EXAMPLE}")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"{harmless(text)[:200]!r} is not a URL") from None
    if _PLACEHOLDER.fullmatch(parts.netloc):
        raise UsageError(
            f"{harmless(text)[:200]} is the example of the documentation",
            hint="copy your resource's endpoint from the Azure portal: Resource Management, Keys and Endpoint",
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError(f"must be {_EXAMPLE}, without a user, a query or a fragment")
    if not host or not HOST_NAME.fullmatch(host) or parts.scheme not in ("http", "https") or not text.isprintable():
        raise UsageError(f"{harmless(text)[:200]!r} is not an endpoint; it looks like {_EXAMPLE}")
    if parts.scheme == "http" and host not in LOOPBACK_HOSTS:
        raise UsageError(f"{harmless(text)[:200]} would carry the key unencrypted; use https")
    path = _PATH.fullmatch(parts.path)
    if not path:
        raise UsageError(f"an endpoint ends at its host; {harmless(parts.path)[:200]} is too much")
    shown_host = f"[{host}]" if ":" in host else host
    endpoint = f"{parts.scheme}://{shown_host}" + (f":{port}" if port is not None else "")
    version = path["version"]
    if version not in (None, _DEFAULT_VERSION):  # which version is used is another setting
        raise UsageError(
            f"an endpoint ends at its host; {version} in it would not be used",
            hint=f"give {endpoint} as the endpoint, and {version} as api_version (FACESNAP_API_VERSION)",
        )
    return endpoint


def is_local(url: str) -> bool:
    """Return whether a checked endpoint or proxy is on this machine."""
    from urllib.parse import urlsplit

    return urlsplit(url).hostname in LOOPBACK_HOSTS


def host_of(url: str) -> str:
    """Return a URL's host and port, without the user, password and path, which may be secrets."""
    from urllib.parse import urlsplit

    return urlsplit(url).netloc.rpartition("@")[2]
