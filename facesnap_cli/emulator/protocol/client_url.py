"""Find the URL at which a client reaches the emulator, also through a proxy.

It enters responses only: there a client reads where its operation is. A client that names another host in these
headers misleads nobody but itself; still, what is no scheme or host is ignored, and so is a host that the emulator
would refuse in a `Host` header.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Scope

_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9][a-z0-9._-]{0,252})(:\d{1,5})?", re.IGNORECASE)
_FORWARDED_PAIR = re.compile(r'\s*(\w+)=(?:"([^"\\]*)"|([^;,"\s]*))\s*([;,]|$)')
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def host_name(value: str) -> str | None:
    """Return the name in a `Host` header in lower case, without port and brackets; None if it is malformed."""
    found = _HOST.fullmatch(value)
    return None if found is None else found[1].lower().strip("[]")


def client_origin(scope: Scope, is_allowed: Callable[[str], bool]) -> str:
    """Return `scheme://host[:port]` as the client wrote it. `is_allowed` says whether it may use a host name."""
    headers = Headers(scope=scope)
    forwarded = _forwarded(headers)
    scheme = forwarded.get("proto", "").lower()
    if scheme not in _DEFAULT_PORTS:
        scheme = scope["scheme"]
    host = forwarded.get("host", "")
    name = host_name(host)
    if name is None or not is_allowed(name):
        host = headers.get("host", "")
    if host_name(host) is None:
        server, number = scope["server"]
        host = f"[{server}]:{number}" if ":" in server else f"{server}:{number}"
    port = forwarded.get("port", "")
    if re.fullmatch(r"[0-9]{1,5}", port) and not re.search(r":\d+$", host) and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    return f"{scheme}://{host}"


def _forwarded(headers: Headers) -> dict[str, str]:
    """Return `proto`, `host` and `port` as the first proxy saw them, which is the one that the client called."""
    if "forwarded" not in headers:
        return {
            key: headers[f"x-forwarded-{key}"].partition(",")[0].strip()
            for key in ("proto", "host", "port")
            if f"x-forwarded-{key}" in headers
        }
    pairs: dict[str, str] = {}
    place, more = 0, True
    while more and (pair := _FORWARDED_PAIR.match(headers["forwarded"], place)) is not None:
        pairs.setdefault(pair[1].lower(), pair[2] or pair[3] or "")
        place, more = pair.end(), pair[4] == ";"
    return pairs
