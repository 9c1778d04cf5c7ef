"""Show a person where an emulator is and how to use it."""

from __future__ import annotations

import json
from shlex import quote
from typing import Any

from facesnap_cli.emulator.options import DEFAULT_PORT

# Each client reads one of these: requests, OpenSSL, Node.js.
_TRUST_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")


def client_snippets(endpoint: str, key: str, cert: str | None) -> dict[str, str]:
    """Return, by the name of each client, the line that points it at an emulator.

    `trust` is the line for the shell that makes clients trust the self-made certificate `cert`.
    """
    url, secret, base = json.dumps(endpoint), json.dumps(key), json.dumps(f"{endpoint}/face/v1.0/")
    insecure = "" if endpoint.startswith("https:") else ", {allowInsecureConnection: true}"
    header = f'{{inHeader: {{"Ocp-Apim-Subscription-Key": {secret}}}}}'
    trusted = "" if cert is None else f"--cacert {quote(cert)} "
    snippets = {
        "curl": f"curl {trusted}-H {quote(f'Ocp-Apim-Subscription-Key: {key}')} {endpoint}/face/v1.0/persongroups",
        "azure-cognitiveservices-vision-face": f"FaceClient({url}, CognitiveServicesCredentials({secret}))",
        "azure-ai-vision-face": f"FaceClient({url}, AzureKeyCredential({secret}))",
        "cognitive-face": f"cognitive_face.BaseUrl.set({base}); cognitive_face.Key.set({secret})",
        "@azure/cognitiveservices-face": f"new FaceClient(new ApiKeyCredentials({header}), {url})",
        "@azure-rest/ai-vision-face": f"createFaceClient({url}, new AzureKeyCredential({secret}){insecure})",
    }
    if cert is not None:
        snippets["trust"] = "export " + " ".join(f"{name}={quote(cert)}" for name in _TRUST_VARIABLES)
    return snippets


def banner_lines(banner: dict[str, Any]) -> list[str]:
    """Return the banner of `serve` as text: the endpoint, the keys, a command that uses them, a line for each SDK."""
    limits = f", tier {banner['tier']}" if banner["tier"] else ""
    accepted = f", tokens {banner['oauth']}" if banner["oauth"] else ""
    lines = [
        f"Face emulator at {banner['endpoint']}",
        f"  dialect {banner['dialect']}, service {banner['service']}{limits}{accepted},"
        f" data {'in ' + banner['data'] if banner['data'] else 'in memory'}",
    ]
    for account in banner["accounts"]:
        lines += [
            "",
            f"{account['name']} ({account['tier']}, {account['region']})",
            f"  subscription  {account['subscriptionId']}",
            *(f"  key           {key}" for key in account["keys"]),
        ]
    lines.append("")
    for client, line in banner["clients"].items():
        lines += [client, f"  {line}"]
    key, cert = banner["accounts"][0]["keys"][0], banner["certificate"]
    trusted = "" if cert is None else f" --ca-bundle {quote(cert)}"
    lines += ["", f"FACESNAP_ENDPOINT={banner['endpoint']} FACESNAP_KEY={quote(key)} facesnap list{trusted}"]
    if cert is None and banner["port"] == DEFAULT_PORT and banner["accounts"][0]["name"] == "facesnap-emulator":
        lines.append("or: facesnap list --profile emulator")
    return [*lines, "Ctrl-C stops it."]
