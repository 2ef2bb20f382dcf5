"""``doctor``: tries every part, and for each failure names the next step."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.common import Json, Now, now_in, print_json, print_table
from bot.cli.troubles import Check, disk, last_probe, lasting, trouble_checks
from bot.errors import BotError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.deciding.watching import Trouble
    from bot.jobs.parts import Bot

COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}
FIXES = {
    "mailbox": "check [mailbox]; NetEase: IMAP switched on in the web settings, and the 授权码 as password",
    "smtp": "check [smtp]; NetEase: SMTP switched on in the web settings, and the 授权码 as password",
}


def doctor(as_json: Json = False, now: Now = None) -> None:
    """Config, database, IMAP and SMTP logins, calendar, letters, roster, whether the bot is running, and what lasts."""
    from bot.config import load_config
    from bot.jobs.parts import Bot

    config = load_config()
    moment = now_in(config, now)
    checks: list[Check] = [("config", "ok", "config.toml, rules and templates are understood", "")]
    troubles: dict[str, Trouble] = {}
    world_is_broken = False
    try:
        with Bot.build(config) as bot:
            bot.renderer.check()
            checks += _inside(bot, moment)
            _bulletin(bot, moment)
            for part, connect in (("mailbox", _mailbox), ("smtp", _smtp)):
                check = _server(bot, part, connect)
                checks.append(check)
                world_is_broken = world_is_broken or check[1] == "failed"
            troubles = lasting(bot, moment)
            checks += trouble_checks(bot, troubles, {c[0] for c in checks if c[1] != "ok"} | {"mailbox", "smtp"})
            checks += [] if "probe" in troubles else last_probe(bot)
    except BotError as error:
        if type(error).__name__ == "ConfigError":
            raise
        checks.append(("database", "failed", str(error), "check [database] url, and that the disk is not full"))
        world_is_broken = True
    if as_json:
        rows = [dict(zip(("part", "state", "found", "fix"), check, strict=True)) for check in checks]
        print_json([{**row, "since": troubles[row["part"]].since if row["part"] in troubles else None} for row in rows])
    else:
        print_table("doctor", ("part", "state", "found", "fix"), checks, [COLOURS[c[1]] for c in checks])
    raise typer.Exit(3 if world_is_broken else 1 if any(c[1] != "ok" for c in checks) else 0)


def _server(bot: "Bot", part: str, connect: "Callable[[Bot, str], str]") -> Check:
    from bot.secrets import password

    try:
        return (part, "ok", connect(bot, password(part)), "")
    except BotError as error:
        return (part, "failed", str(error), FIXES[part])


def _mailbox(bot: "Bot", secret: str) -> str:
    from bot.mail.mailbox import Mailbox

    with Mailbox.open(bot.config.mailbox, secret) as box:
        folders = box.folders()
        for name in folders:
            box.select(name)
        return f"login good, reads {', '.join(folders)}{', has IDLE' if box.can_idle else ''}"


def _smtp(bot: "Bot", secret: str) -> str:
    from bot.letters.smtp import Sender

    with Sender(bot.config.smtp, secret):
        return "login good"


def _bulletin(bot: "Bot", now: "datetime") -> None:
    """Fills in the bulletin's template as it would be now: ConfigError if it cannot be."""
    from bot.jobs.reporting.bulletins import document_of, edition

    with bot.record.read() as conn:
        shown = edition(bot, conn, bot.campaign.first, now)
    document_of(bot, shown)


def _inside(bot: "Bot", now: "datetime") -> list[Check]:
    from bot.jobs.attending import YEAR_AHEAD
    from bot.jobs.polling import LAST_POLL
    from bot.record import people, runs

    local = now.astimezone(bot.zone)
    with bot.record.read() as conn:
        served = {p.unit for p in people.liaisons(conn, local.date()) if p.email}
        last = runs.moment(conn, LAST_POLL)
    checks: list[Check] = [("database", "ok", bot.record.engine.dialect.name, "")]
    kinds = {kind for rule in bot.rules.forms.values() for kind in rule.owed.by}
    unserved = [u.name for u in bot.rules.units.units if u.kind in kinds and u.name not in served]
    checks.append(
        ("roster", "warning", f"no address for {len(unserved)} units: {' '.join(unserved[:5])} …", "roster import")
        if unserved
        else ("roster", "ok", f"{len(served)} units have an address", "")
    )
    years: list[Any] = [y for y in (local.year, (local + YEAR_AHEAD).year) if bot.calendar.is_guess(y)]
    checks.append(
        ("calendar", "warning", f"working days of {years[0]} are a guess", "add the year to rules/calendar.toml")
        if years
        else ("calendar", "ok", f"{local.year} is known", "")
    )
    if not bot.config.office.staff:
        checks.append(("staff", "warning", "nobody gets notices and digests", "set [office] staff"))
    if bot.config.smtp.deliver == "hold":
        found = "letters are held, none leaves, and no probe is sent"
        checks.append(("deliver", "warning", found, 'set [smtp] deliver = "send" to go live'))
    stale = last is not None and now - last > timedelta(minutes=bot.config.schedule.stale_poll_minutes)
    if stale:
        checks.append(("poll", "warning", f"the mailbox was last read at {last}", "is scheduler.py running?"))
    return [*checks, disk(bot, now)]
