"""The questions of ``init``: each answered by an option, else on the terminal, and checked as config.toml is."""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING

import typer

from bot.cli import providers
from bot.cli.providers import NAMES, Provider
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.config import Config

QUESTIONS = {
    "office": "The office, as it signs its letters",
    "contact": "Whom liaisons may telephone",
    "phone": "The telephone",
    "address": "The mailbox that the bot reads and writes from",
    "provider": f"Whose mailbox it is ({', '.join(NAMES)})",
    "imap": "Its IMAP server, with TLS, as host:port",
    "smtp": "Its SMTP server, with TLS, as host:port",
    "staff": "Who gets notices and digests: addresses, blanks between them",
    "first-period": "The first month that is collected",
    "last-period": "The last one",
    "database": "The database: a file, or a PostgreSQL URL",
}
OBVIOUS = ("provider", "staff", "first-period", "last-period", "database")  # need not be given where nobody is asked
SPECIAL = set('()<>[]:;@\\,."')  # RFC 5322, 3.2.3: a name with one of them stands in quotes


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said, each answer as it was typed; hosts and ports follow from the provider."""

    said: Mapping[str, str]
    provider: Provider

    def values(self) -> dict[tuple[str, str], str | int | list[str]]:
        """As config.toml has them."""
        said, (imap, smtp) = self.said, (self.provider.imap, self.provider.smtp)
        return {
            ("office", "name"): said["office"],
            ("office", "contact"): said["contact"],
            ("office", "phone"): said["phone"],
            ("office", "staff"): said["staff"].replace(",", " ").split(),
            ("mailbox", "host"): imap[0],
            ("mailbox", "port"): imap[1],
            ("mailbox", "security"): "tls",
            ("mailbox", "username"): said["address"],
            ("smtp", "host"): smtp[0],
            ("smtp", "port"): smtp[1],
            ("smtp", "security"): "tls",
            ("smtp", "username"): said["address"],
            ("smtp", "from"): f"{_shown(said['office'])} <{said['address']}>",
            ("campaign", "first_period"): said["first-period"],
            ("campaign", "last_period"): said["last-period"],
            ("database", "url"): said["database"],
        }


def suggested(config: "Config", own: bool) -> dict[str, str]:
    """What stands in the file to begin with, as answers. Who and where only from the installation's ``own`` file: the
    shipped one names another office."""
    base = {"first-period": config.campaign.first_period, "last-period": config.campaign.last_period}
    base["database"] = "sqlite:///data/bot.db"
    if not own:
        return base | {"staff": ""}
    return base | {
        "office": config.office.name,
        "contact": config.office.contact,
        "phone": config.office.phone,
        "address": parseaddr(config.smtp.sender)[1],
        "staff": " ".join(config.office.staff),
    }


def answers(given: Mapping[str, str | None], suggestions: Mapping[str, str]) -> Answers:
    """All answers. UsageError for an option that is wrong, and for one that is missing where nobody can be asked."""
    said = {name: _answer(name, given, suggestions) for name in ("office", "contact", "phone", "address")}
    known = providers.of_address(said["address"])
    name = _answer("provider", given, {"provider": known.name} if known else {})
    provider = providers.named(name)
    assert provider is not None
    if provider is providers.OTHER:
        hosts = [_host(_answer(part, given, {})) for part in ("imap", "smtp")]
        provider = Provider("other", hosts[0], hosts[1])
    elif given["imap"] or given["smtp"]:
        raise UsageError("--imap and --smtp go with --provider other")
    rest = ("staff", "first-period", "last-period", "database")
    return Answers(said | {name: _answer(name, given, suggestions) for name in rest}, provider)


def _answer(name: str, given: Mapping[str, str | None], suggestions: Mapping[str, str]) -> str:
    check = CHECKS[name]
    value = given[name]
    if value is not None:
        try:
            return check(value.strip())
        except ValueError as error:
            raise UsageError(f"--{name}: {error} (got {value!r})") from error
    if not sys.stdin.isatty():
        if name in OBVIOUS and name in suggestions:
            return suggestions[name]
        raise UsageError(f"--{name} is missing, and nobody can be asked: this is no terminal")
    while True:
        answer: str = typer.prompt(QUESTIONS[name], default=suggestions.get(name), show_default=True)
        try:
            return check(answer.strip())
        except ValueError as error:
            typer.echo(f"  {error}")


def _text(value: str) -> str:
    if not value or not value.isprintable():
        raise ValueError("expected some words on one line")
    return value


def _address(value: str) -> str:
    from bot.config import ADDRESS

    if not ADDRESS.fullmatch(value):
        raise ValueError("expected an e-mail address such as office@163.com")
    return value


def _staff(value: str) -> str:
    return " ".join(_address(each) for each in value.replace(",", " ").split())


def _provider(value: str) -> str:
    if providers.named(value) is None:
        raise ValueError(f"expected one of {', '.join(NAMES)}")
    return value


def _host(value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("expected host:port, such as imap.example.cn:993")
    return host, int(port)


def _server(value: str) -> str:
    _host(value)
    return value


def _period(value: str) -> str:
    from bot.config import PERIOD_PATTERN

    if not re.fullmatch(PERIOD_PATTERN, value):
        raise ValueError("expected a month such as 2017-06")
    return value


def _database(value: str) -> str:
    from bot.errors import ConfigError
    from bot.record.database import sqlite_file

    try:
        sqlite_file(value)
    except ConfigError as error:
        raise ValueError(str(error).removeprefix("database.url: ")) from error
    return value


CHECKS: dict[str, Callable[[str], str]] = {
    "office": _text,
    "contact": _text,
    "phone": _text,
    "address": _address,
    "provider": _provider,
    "imap": _server,
    "smtp": _server,
    "staff": _staff,
    "first-period": _period,
    "last-period": _period,
    "database": _database,
}


def _shown(name: str) -> str:
    """A name before an address, in quotes where RFC 5322 wants them."""
    if not SPECIAL & set(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
