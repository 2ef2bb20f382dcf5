"""The password of the two servers put where the bot finds it: the keyring where one works, else it is said where."""

import os
import sys

import typer

from bot.cli.providers import Provider
from bot.errors import ConfigError

PARTS = ("mailbox", "smtp")


def settle(provider: Provider) -> None:
    """Asks for what is missing, on a terminal; keeps what was typed, or stands in a variable, in the keyring.

    Where there is no keyring, says which variable or file to set. The password is never shown.
    """
    from bot.secrets import keep, password

    files = [part for part in PARTS if os.environ.get(f"BOT_{part.upper()}_PASSWORD_FILE")]
    found = {part: os.environ.get(f"BOT_{part.upper()}_PASSWORD", "") for part in PARTS}
    for part in files:
        typer.echo(f"password of {part}: stays in the file that BOT_{part.upper()}_PASSWORD_FILE names")
    wanted = [part for part in PARTS if part not in files and not found[part]]
    if wanted and sys.stdin.isatty():
        typer.echo(f"The servers want the {provider.code} ({provider.page})")
        words = "It is not shown as you type; empty for later"
        typed: str = typer.prompt(words, default="", hide_input=True, show_default=False)
        found |= dict.fromkeys(wanted, typed.strip())
    for part in PARTS:
        if part in files:
            continue
        if found[part] and keep(part, found[part]):
            typer.echo(f"password of {part}: kept in the keyring of this user")
            continue
        try:
            password(part)
        except ConfigError:
            typer.echo(f"password of {part}: {_where(part, bool(found[part]))}")
            if found[part]:  # so that doctor can try it now
                os.environ[f"BOT_{part.upper()}_PASSWORD"] = found[part]
        else:
            typer.echo(f"password of {part}: {'in the environment' if found[part] else 'in the keyring'}")


def _where(part: str, known: bool) -> str:
    variable = f"BOT_{part.upper()}_PASSWORD_FILE"
    why = "no keyring works here" if known else "not given"
    return f"{why}: write it to a file that only the bot's user may read, and set {variable} to its path"
