"""Check bearer tokens as far as an emulator can: their form, issuer, audience and expiry.

The signature is not checked: only Microsoft's keys could make one, and nobody here has them. So anybody can write a
token that passes, as anybody can read the published keys. Neither protects anything.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

OAUTH_LEVELS = ("basic",)
_LONGEST = 16 * 1024
_CLOCK_SKEW_S = 300
_LATEST_S = 1e15
_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ISSUERS = re.compile(
    r"https://(?:sts\.windows\.net|sts\.chinacloudapi\.cn)/GUID/"
    r"|https://login\.(?:microsoftonline\.com|microsoftonline\.us|partner\.microsoftonline\.cn)/GUID/v2\.0".replace(
        "GUID", _GUID
    ),
    re.IGNORECASE,
)
_AUDIENCES = frozenset(f"https://cognitiveservices.azure.{cloud}" for cloud in ("com", "us", "cn"))
# A tuple, because a claim may be anything, also what has no hash.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")


class TokenError(Exception):
    """A token that does not pass. The text says why, without a part of the token."""


def bearer_token(authorization: str | None) -> str | None:
    """Return the token in an `Authorization` header, or None if it has none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def check_token(token: str, now_s: float) -> None:
    """Check a token at a time in seconds since 1970. Raises TokenError."""
    parts = token.split(".") if len(token) <= _LONGEST else []
    if len(parts) != 3 or not all(parts):
        raise TokenError("it is not a signed JWT (three parts)")
    header, claims = (_json(part) for part in parts[:2])
    _bytes(parts[2])
    if header.get("alg") not in _ALGORITHMS:
        raise TokenError(f"its `alg` is none of {', '.join(_ALGORITHMS)}")
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not _ISSUERS.fullmatch(issuer):
        raise TokenError("its `iss` is not Microsoft Entra ID (https://sts.windows.net/TENANT/)")
    audience = claims.get("aud")
    if not isinstance(audience, str) or audience.removesuffix("/") not in _AUDIENCES:
        raise TokenError("its `aud` is not https://cognitiveservices.azure.com")
    if _number(claims, "exp") <= now_s:
        raise TokenError("it has expired")
    if "nbf" in claims and _number(claims, "nbf") > now_s + _CLOCK_SKEW_S:
        raise TokenError("it is not valid yet")


def _json(part: str) -> dict[str, Any]:
    try:
        document = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise TokenError("a part of it is not a JSON object in base64url")
    return document


def _bytes(part: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", part) or len(part) % 4 == 1:
        raise TokenError("a part of it is not base64url")
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    # Python reads NaN in JSON, and a token with that would never expire.
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < _LATEST_S:
        raise TokenError(f"its `{name}` is not a number")
    return value
