"""``service``: the unit with which systemd runs this installation."""

import os
import sys
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Annotated

import typer

from bot import PROJECT

if TYPE_CHECKING:
    from bot.config import Config

UNIT = Path(__file__).with_name("annex4-bot.service")
HOMES = ("/home", "/root", "/run/user")  # what ProtectHome= hides
User = Annotated[str, typer.Option("--user", metavar="NAME", help="Whom the bot runs as; owns the data.")]
Code = Annotated[
    Path, typer.Option("--password-file", metavar="FILE", help="Holds the password; readable by that user alone.")
]


def service(user: User = "annex4-bot", password_file: Code = Path("/etc/annex4-bot/code")) -> None:
    """Print a systemd unit for this installation: the folders of this program and of config.toml stand in it.

    Save it as /etc/systemd/system/annex4-bot.service; docs/running.md says what else is to do. The files that
    BOT_MAILBOX_PASSWORD_FILE and BOT_SMTP_PASSWORD_FILE name now stand in it, where they are set, instead of
    --password-file. No password does.
    """
    from bot.config import load_config
    from bot.errors import UsageError

    path = Path(os.environ.get("BOT_CONFIG") or "config.toml").absolute()
    config = load_config(path)
    names = [f"BOT_{part}_PASSWORD_FILE" for part in ("MAILBOX", "SMTP")]
    files = {name: Path(os.environ.get(name) or password_file).absolute() for name in names}
    writable = _writable(config)
    # sys.executable, not what it points to: that it lies in .venv is how Python finds the libraries.
    used = [PROJECT, Path(sys.executable).resolve(), path, config.paths.rules, config.paths.templates, *writable]
    if any(not text.isprintable() for text in (user, *map(str, (*used, *files.values())))):
        raise UsageError("a line end or the like in a path: no unit can name it")
    typer.echo(
        Template(UNIT.read_text(encoding="utf-8")).substitute(
            project=_plain(PROJECT),
            docs=_plain((PROJECT / "docs" / "running.md").as_uri().removeprefix("file://")),
            after=" postgresql.service" if config.database.url.startswith("postgresql") else "",
            python=_command(sys.executable),
            scheduler=_command(PROJECT / "scheduler.py"),
            config=_command(path),
            folder=_plain(path.parent),
            user=_plain(user),
            passwords=" ".join(_word(f"{name}={file}") for name, file in files.items()),
            writable=" ".join(map(_word, writable)),
            home="read-only" if any(str(p).startswith(f"{home}/") for p in used for home in HOMES) else "yes",
        ),
        nl=False,
    )


def _writable(config: "Config") -> list[Path]:
    """The folders that the bot writes to, none inside another."""
    from bot.record.database import sqlite_file

    file = sqlite_file(config.database.url)
    folders = sorted({config.paths.data, file.parent} if file else {config.paths.data})
    return [f for f in folders if not any(f.is_relative_to(other) for other in folders if other != f)]


def _plain(value: str | Path) -> str:
    """As it stands, where a unit takes the rest of the line; "%" begins a specifier (systemd.unit(5))."""
    return str(value).replace("%", "%%")


def _word(value: str | Path) -> str:
    """One word of a list, in quotes (systemd.syntax(7))."""
    return '"' + _plain(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _command(value: str | Path) -> str:
    """One word of a command line, where "$" begins a variable (systemd.service(5))."""
    return _word(value).replace("$", "$$")
