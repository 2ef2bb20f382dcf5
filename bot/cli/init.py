"""``init``: from nothing to an installation that ``doctor`` can try: config.toml, and where the password is."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import PROJECT
from bot.cli import asking, merging, providers
from bot.cli.providers import NAMES
from bot.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from bot.config import Config

SHIPPED = PROJECT / "config.toml"


def _option(help_text: str, metavar: str) -> Any:
    return typer.Option(help=help_text, metavar=metavar, show_default=False)


Text = str | None


def init(
    office: Annotated[Text, _option("The office, as it signs its letters.", "NAME")] = None,
    contact: Annotated[Text, _option("Whom liaisons may telephone.", "NAME")] = None,
    phone: Annotated[Text, _option("The telephone.", "NUMBER")] = None,
    address: Annotated[Text, _option("The mailbox that the bot reads and writes from.", "ADDRESS")] = None,
    provider: Annotated[Text, _option(f"Whose mailbox it is: {', '.join(NAMES)}.", "NAME")] = None,
    imap: Annotated[Text, _option("With --provider other: the IMAP server; TLS.", "HOST:PORT")] = None,
    smtp: Annotated[Text, _option("With --provider other: the SMTP server; TLS.", "HOST:PORT")] = None,
    staff: Annotated[list[str] | None, _option("Who gets notices and digests; may be repeated.", "ADDRESS")] = None,
    first_period: Annotated[Text, _option("The first month that is collected.", "YYYY-MM")] = None,
    last_period: Annotated[Text, _option("The last one.", "YYYY-MM")] = None,
    database: Annotated[Text, _option("sqlite:///data/bot.db, or a PostgreSQL URL.", "URL")] = None,
    merged: Annotated[
        Text, _option("Units that are part of another one by now, blanks between them; they owe nothing.", "NAMES")
    ] = None,
) -> None:
    """Write config.toml, keep the password in the keyring, and run `doctor`.

    What is not given as an option is asked for on a terminal. No letter leaves: the
    new file says deliver = "hold". A config.toml that is there is kept under another
    name, and its other settings are taken over. The password is no option: it is
    asked for, or taken from BOT_MAILBOX_PASSWORD and BOT_SMTP_PASSWORD, or the file
    that BOT_MAILBOX_PASSWORD_FILE and BOT_SMTP_PASSWORD_FILE name stays where it is.
    Last it asks which units that rules/units.toml lists under [[mergers]] have been
    merged: these owe nothing from the first month on, as after an order by mail.
    """
    path = Path(os.environ.get("BOT_CONFIG") or "config.toml").absolute()
    before = _Before.at(path)
    given = {
        "office": office, "contact": contact, "phone": phone, "address": address, "provider": provider, "imap": imap,
        "smtp": smtp, "staff": None if staff is None else " ".join(staff), "first-period": first_period,
        "last-period": last_period, "database": database,
    }  # fmt: skip
    merging.check(before.config, merged)
    answers = asking.answers(given, asking.suggested(before.config, before.own))
    config = before.write(path, answers)
    from bot.cli.passwords import settle

    settle(providers.of_host(config.mailbox.host))
    os.environ["BOT_CONFIG"] = str(path)
    merging.settle(config, merged)
    _try(config)


@dataclass(frozen=True, slots=True)
class _Before:
    """The text to begin with, and what it says: that of the file itself, if it is there and right, else the shipped."""

    text: str
    config: "Config"
    own: bool

    @classmethod
    def at(cls, path: Path) -> "_Before":
        from bot.config import load_config

        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise UsageError(f"{path}: no file can be written there")
        if path.exists():
            try:
                return cls(path.read_text(encoding="utf-8-sig"), load_config(path), own=True)
            except ConfigError as error:
                typer.echo(f"what is there cannot be used ({error}); beginning with the shipped one")
        return cls(SHIPPED.read_text(encoding="utf-8"), load_config(SHIPPED), own=False)

    def write(self, path: Path, answers: asking.Answers) -> "Config":
        """Writes the file, whole or not at all, and says so. UsageError for answers that make no config.toml."""
        from bot.cli.settings_file import with_values
        from bot.config import load_config

        values = {**answers.values(), **({} if self.own else _of_a_new_file(path))}
        if not self.own or self.config.mailbox.host != answers.provider.imap[0]:  # another's results prove nothing here
            values["mailbox", "authserv_id"] = answers.provider.authserv_id
        draft = path.with_name(f".{path.name}.new")
        try:
            draft.write_text(with_values(self.text, values), encoding="utf-8")
            config = load_config(draft)
            kept = _keep(path) if path.exists() else None
            with draft.open("rb+") as file:
                os.fsync(file.fileno())  # a power cut must not leave an empty file under the name
            draft.replace(path)
        except ConfigError as error:
            raise UsageError(str(error).removeprefix(f"{draft}: ")) from error
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: {error}") from error
        finally:
            draft.unlink(missing_ok=True)
        typer.echo(f"written: {path}" + (f"\nwhat was there is kept: {kept}" if kept else ""))
        return config


def _of_a_new_file(path: Path) -> dict[tuple[str, str], str | int | list[str]]:
    """What only a file that was not there needs: no letter leaves; rules and templates are found from its folder."""
    values: dict[tuple[str, str], str | int | list[str]] = {("smtp", "deliver"): "hold"}
    for name in ("rules", "templates"):
        if not (path.parent / name).is_dir():
            values["paths", name] = (PROJECT / name).as_posix()
    return values


def _keep(path: Path) -> Path:
    """A second name for what is there."""
    number = 1
    while (kept := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    kept.write_bytes(path.read_bytes())
    return kept


def _try(config: "Config") -> None:
    """``doctor``, then what is left to do. Its exit status."""
    from bot.cli.doctor import doctor

    typer.echo("")
    status = 0
    try:
        doctor()
    except typer.Exit as ended:
        status = ended.exit_code
    held = config.smtp.deliver == "hold"
    steps = [
        "python -m bot roster import FILE.xlsx     who reports; doctor names the columns",
        "python scheduler.py                       the bot, until it is stopped",
        "python -m bot outbox show KEY             a letter as its receiver reads it" if held else "",
        'deliver = "send" in config.toml           when the office says go; docs/running.md' if held else "",
    ]
    typer.echo("next:")
    for step in filter(None, steps):
        typer.echo(f"    {step}")
    raise typer.Exit(status)
