"""Suggest the command or option that a user means who misspells it, or who knows it from another program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import enumerated, shown
from facesnap_cli.common.hints import CompleteCommand, Hint, command, complete_command

_MOST_MEANT = 3
# What users of similar programs write, and the commands that do it here.
OTHER_COMMANDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "facesnap": {
        "account": ("config",),
        "accounts": ("config",),
        "add": ("import", "config"),
        "archive": ("export",),
        "backup": ("copy", "export", "run"),
        "cat": ("inspect", "show"),
        "check": ("doctor", "backups", "inspect"),
        "clone": ("copy",),
        "compare": ("diff",),
        "configure": ("config",),
        "cp": ("copy",),
        "create": ("take", "copy"),
        "cron": ("schedule",),
        "describe": ("show",),
        "download": ("export",),
        "dump": ("export",),
        "find": ("objects", "list", "backups"),
        "forget": ("delete", "run"),
        "get": ("show", "list"),
        "groups": ("objects",),
        "history": ("backups", "status"),
        "init": ("config",),
        "jobs": ("status",),
        "load": ("import",),
        "log": ("backups", "status"),
        "login": ("config",),
        "logs": ("backups", "status"),
        "ls": ("list", "objects"),
        "mirror": ("copy",),
        "persons": ("objects", "inspect"),
        "profile": ("config",),
        "profiles": ("config",),
        "prune": ("run",),
        "ps": ("status",),
        "put": ("import",),
        "recover": ("restore",),
        "remove": ("delete",),
        "rm": ("delete",),
        "rollback": ("restore",),
        "save": ("export", "take"),
        "serve": ("emulator",),
        "set": ("config", "update"),
        "snap": ("take",),
        "snapshot": ("take", "list"),
        "snapshots": ("list",),
        "stats": ("inspect", "objects"),
        "sync": ("copy", "run"),
        "test": ("doctor",),
        "timer": ("schedule",),
        "undelete": ("restore",),
        "upload": ("import",),
        "verify": ("inspect", "backups", "diff"),
        "watch": ("wait",),
    },
    "config": {
        "add": ("init",),
        "create": ("init",),
        "edit": ("set",),
        "get": ("show",),
        "new": ("init",),
        "profiles": ("list",),
        "remove": ("delete", "unset"),
        "rm": ("delete",),
        "select": ("use",),
        "switch": ("use",),
        "view": ("show",),
    },
    "emulator": {"launch": ("start",), "run": ("start",), "serve": ("start",), "up": ("start",)},
}
# The same for options: the first that the command has, or a hint.
OTHER_OPTIONS: Mapping[str, tuple[str | Hint, ...]] = {
    **dict.fromkeys(("--account", "--context", "--source", "--from"), ("--profile",)),
    **dict.fromkeys(
        ("--retention", "--keep"),
        (Hint("keep is a key of a plan: keep = { last = 7 }"),),
    ),
    **dict.fromkeys(
        ("--api-key", "--key", "--subscription-key", "--token", "--password"),
        (
            "--key-file",
            Hint("no option takes a key, which others could see; it is asked for: ", command("config", "init")),
        ),
    ),
    **dict.fromkeys(("--async", "--background", "--detach", "--nowait"), ("--no-wait",)),
    **dict.fromkeys(("--confirm", "--force", "--assume-yes", "--no-prompt"), ("--yes",)),
    **dict.fromkeys(("--format", "--output-format", "--fmt"), ("--output",)),
    **dict.fromkeys(("--json", "--yaml"), ("--output json",)),
    **dict.fromkeys(("--csv", "--tsv"), ("--output tsv",)),
    **dict.fromkeys(("--dest", "--destination", "--target", "--output-file", "--out", "--file"), ("--to",)),
    **dict.fromkeys(("--dry", "--simulate", "--what-if", "--check"), ("--dry-run",)),
    **dict.fromkeys(("--filter", "--jq", "--select"), ("--query",)),
    **dict.fromkeys(("--group", "--group-id", "--id", "--name", "--person-group-id"), ("--object-id",)),
    **dict.fromkeys(("--limit", "--top"), ("--query '[:10]'",)),
    **dict.fromkeys(("--interval", "--poll"), ("--poll-interval",)),
    **dict.fromkeys(("--kind", "--resource-type"), ("--type",)),
    **dict.fromkeys(("--label", "--metadata", "--tag"), ("--user-data",)),
    **dict.fromkeys(("--level", "--log-level", "--trace"), ("--verbose",)),
    **dict.fromkeys(("--parallel", "--concurrency", "--threads", "--workers"), ("--jobs",)),
    **dict.fromkeys(("--photos", "--pictures", "--image-dir"), ("--images",)),
    **dict.fromkeys(("--retries", "--retry"), ("--max-retries",)),
    **dict.fromkeys(("--scope", "--subscription", "--subscriptions"), ("--apply-scope", "--subscription-id")),
    **dict.fromkeys(("--silent", "--no-progress"), ("--quiet",)),
    **dict.fromkeys(
        ("--url", "--endpoint"), (Hint("the profile has the endpoint: ", command("config", "set", "endpoint", "URL")),)
    ),
    "--wait": (Hint("facesnap waits unless --no-wait is given"),),
}


def unknown_command(word: str, path: str, known: Mapping[str, str]) -> UsageError:
    """Return the error for a word that is none of the `known` commands of a group, with the help of those meant."""
    from difflib import get_close_matches

    group = path.split()[-1]
    others = OTHER_COMMANDS.get(group, OTHER_COMMANDS["facesnap"])  # `facesnap help` knows what `facesnap` does
    spelled = word.lower()
    meant = others.get(spelled) or get_close_matches(spelled, known, n=_MOST_MEANT)
    if not meant and (near := get_close_matches(spelled, others, n=1)):
        meant = others[near[0]]
    message = f"there is no command {'or topic ' if group == 'help' else ''}{shown(word)}"
    if not meant:
        return UsageError(message, hint=Hint(CompleteCommand([*path.split(), "--help"]), " shows what there is"))
    about = [f"{path} {name}: {known[name]}" for name in meant]
    return UsageError(f"{message}; did you mean {enumerated(meant, 'or')}?", also=about)


def unknown_option(word: str, context: Any) -> UsageError:
    """Return the error for an option that a command does not have, with the one that is meant."""
    from difflib import get_close_matches

    path = context.command_path.split()
    names = [name for param in context.command.get_params(context) for name in param.opts if name.startswith("--")]
    usage = Hint(
        CompleteCommand([*path, "--help"]), " shows its options, ", complete_command("help", "options"), " more"
    )
    spelled = word.lower()
    if spelled not in OTHER_OPTIONS:
        near = get_close_matches(spelled.lstrip("-"), [name.lstrip("-") for name in (*names, *OTHER_OPTIONS)], n=1)
        spelled = f"--{near[0]}" if near else ""
    said, hint = f"; did you mean {spelled}?" if spelled in names else "", usage
    for meant in OTHER_OPTIONS.get(spelled, ()):
        if isinstance(meant, Hint):
            said, hint = "", meant
        elif meant.split()[0] in names:
            said = f"; did you mean {meant}?"
            break
    return UsageError(f"{' '.join(path[1:]) or path[0]} has no option {shown(word)}{said}", hint=hint)
