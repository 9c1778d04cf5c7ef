"""Start-up: whole processes of an installed wheel in a clean environment, beside Microsoft's SDK and aws."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import sys
import time
from pathlib import Path

from facesnap_cli.config.definitions import BUILT_IN_PROFILES
from tests.bench.harness import emulator, environment_with, instructions, medians, scratch, table, wheel

SDK = "azure-cognitiveservices-vision-face==0.6.1"
SDK_LIST = """
import json, os
from azure.cognitiveservices.vision.face import FaceClient
from msrest.authentication import CognitiveServicesCredentials
client = FaceClient(os.environ["FACESNAP_ENDPOINT"], CognitiveServicesCredentials(os.environ["FACESNAP_KEY"]))
print(json.dumps([snapshot.serialize(keep_readonly=True) for snapshot in client.snapshot.list()]))
"""
BARE_LIST = """
import json, os, ssl, sys, typer
sys.modules["httpx._main"] = None
def bare_list() -> None:
    import httpx
    client = httpx.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    key = {"Ocp-Apim-Subscription-Key": os.environ["FACESNAP_KEY"]}
    print(json.dumps(client.get(os.environ["FACESNAP_ENDPOINT"] + "/face/v1.0/snapshots", headers=key).json()))
    sys.stdout.flush()
    os._exit(0)
app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.command()(bare_list)
app()
"""
EMULATOR = "`facesnap emulator start`, until it can be called"
NOTHING, SDK_NAME = "`python -c pass`", "a list with Microsoft's SDK"
BARE_NAME = "the same GET by nothing but typer and httpx"
LIST, STATUS = "`facesnap list -o json`", "`facesnap status -o json`, nothing open"
LIMITS = {  # times what
    "`facesnap --version`": [(1.3, NOTHING)],
    "`facesnap --help`": [(6.0, NOTHING)],
    "one TAB: a command": [(6.0, NOTHING)],
    "one TAB: an option": [(6.0, NOTHING)],
    "one TAB: a snapshot": [(6.0, NOTHING)],
    "one TAB: an operation": [(6.0, NOTHING)],
    "one TAB: an object": [(6.0, NOTHING)],
    "one TAB: a plan": [(6.0, NOTHING)],
    LIST: [(1.1, BARE_NAME), (0.62, SDK_NAME)],
    STATUS: [(0.75, LIST)],
}


def report() -> str:
    with scratch() as directory, emulator("--seed", "demo") as endpoint:
        own = environment_with(directory / "own", wheel(directory))
        bare = environment_with(directory / "bare", "typer>=0.26,<0.29", "httpx>=0.28.1,<0.29")
        sdk = environment_with(directory / "sdk", SDK)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "FACESNAP_ENDPOINT": endpoint,
            "FACESNAP_KEY": str(BUILT_IN_PROFILES["emulator"]["key"]),
            "FACESNAP_STATE_DIR": str(directory / "state"),
        }
        facesnap = str(own / "facesnap")
        taking = [facesnap, "take", "-t", "PersonGroup", "-i", "employees", "-p", "emulator"]
        medians({"take": taking}, environment, rounds=1)  # something to list and to complete
        commands = {
            NOTHING: [str(own / "python"), "-c", "pass"],
            "`facesnap --version`": [facesnap, "--version"],
            "`facesnap --help`": [facesnap, "--help"],
            "`facesnap take --help`": [facesnap, "take", "--help"],
            **{
                f"one TAB: {what}": [facesnap, "__complete", "--line", line]
                for what, line in {
                    "a command": "facesnap ta",
                    "an option": "facesnap take --ob",
                    "a snapshot": "facesnap show ",
                    "an operation": "facesnap wait ",
                    "an object": "facesnap take -i ",
                    "a plan": "facesnap run ",
                }.items()
            },
            STATUS: [facesnap, "status", "-o", "json"],
            LIST: [facesnap, "list", "-o", "json"],
            "`facesnap list`": [facesnap, "list"],
            BARE_NAME: [str(bare / "python"), "-c", BARE_LIST],
            SDK_NAME: [str(sdk / "python"), "-c", SDK_LIST],
            **_aws(),
        }
        times = medians(commands, environment)
        counts = {name: instructions(command, environment) for name, command in commands.items()}
    times[EMULATOR] = statistics.median(_emulator_start_s() for _ in range(5))
    rows = [
        [
            name,
            f"{seconds * 1000:.0f}",
            f"{seconds / times[NOTHING]:.2f}",
            f"{count / 1e6:.0f}" if (count := counts.get(name)) else "",
            _verdict(name, times),
        ]
        for name, seconds in times.items()
    ]
    million = f"million instructions, Python {platform.python_version()}"
    return "### Start-up\n\n" + table(["whole process", "ms", "× `python -c pass`", million, "limit"], rows)


def _emulator_start_s() -> float:
    """Return the seconds until an emulator with the demo objects can be called."""
    started = time.perf_counter()
    with emulator("--seed", "demo"):
        return time.perf_counter() - started


def _verdict(name: str, times: dict[str, float]) -> str:
    if name == EMULATOR:
        return f"1 s, {'held' if times[name] <= 1 else 'MISSED'}"
    verdicts = []
    for limit, other in LIMITS.get(name, ()):
        ratio = times[name] / times[other]
        whose = "" if other == NOTHING else f" {other}: {ratio:.2f}"
        verdicts.append(f"{limit:g} ×{whose}, {'held' if ratio <= limit else 'MISSED'}")
    return "; ".join(verdicts)


def _aws() -> dict[str, list[str]]:
    """Return aws's version, the real program's where a version manager puts a shim before it."""
    beside = Path(os.path.realpath(sys.executable)).parent / "aws"
    found = str(beside) if beside.exists() else shutil.which("aws")
    return {"`aws --version`": [found, "--version"]} if found else {}
