"""``doctor``: tries every part, and for each failure names the next step."""

from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from bot.cli import programs, servers
from bot.cli.common import Json, Now, now_in, print_json, print_table
from bot.cli.troubles import NEXT, Check, disk, last_probe, lasting, ownership, trouble_checks, waiting
from bot.clock import system_clock
from bot.errors import BotError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.deciding.watching import Trouble
    from bot.jobs.parts import Bot

COLOURS = {"ok": "green", "note": "dim", "warning": "yellow", "failed": "red"}


def doctor(as_json: Json = False, now: Now = None) -> None:
    """Try every part, and name the next step for each that does not work.

    Config, database, IMAP and SMTP logins, how far back the mailbox shows mail,
    the clock, programs beside the bot, calendar, letters, roster, whether the bot
    is running, and what lasts. A note is no fault: something that can do without.
    """
    from bot.config import load_config
    from bot.jobs.parts import Bot
    from bot.preview.trying import faults

    config = load_config()
    moment = now_in(config, now)
    checks: list[Check] = [("config", "ok", "config.toml, rules and templates are understood", "")]
    troubles: dict[str, Trouble] = {}
    world_is_broken = False
    found: list[str] = []
    try:
        with Bot.build(config, now=moment) as bot:
            found = faults(bot, moment)
            checks.append(_letters(found))
            checks += [*_inside(bot, moment), ownership(bot), *waiting(bot, moment)]
            tried = [*servers.mailbox(bot, system_clock()), *servers.smtp(bot)]
            checks += tried
            world_is_broken = any(check[1] == "failed" for check in tried)
            troubles = lasting(bot, moment)
            checks += trouble_checks(bot, troubles, {c[0] for c in checks if c[1] != "ok"} | {"mailbox", "smtp"})
            checks += [] if "probe" in troubles else last_probe(bot)
    except BotError as error:
        if type(error).__name__ == "ConfigError":
            raise
        checks.append(("database", "failed", str(error), "see [database] url, and whether the disk is full"))
        world_is_broken = True
    if as_json:
        shapes = [dict(zip(("part", "state", "found", "fix"), check, strict=True)) for check in checks]
        print_json([{**s, "since": troubles[s["part"]].since if s["part"] in troubles else None} for s in shapes])
    else:
        rows = [(part, state, f"{found}\n→ {fix}" if fix else found) for part, state, found, fix in checks]
        print_table("doctor", ("part", "state", "found → next step"), rows, [COLOURS[c[1]] for c in checks])
    for fault in found:
        typer.echo(f"error: {fault}", err=True)
    if found:  # wrong templates are as a wrong setting is, but all else was tried too
        raise typer.Exit(2)
    bad = any(check[1] not in ("ok", "note") for check in checks)
    raise typer.Exit(3 if world_is_broken else 1 if bad else 0)


def _letters(found: list[str]) -> Check:
    """Every letter and document, made of samples."""
    if not found:
        return ("letters", "ok", "every letter and document can be made", "")
    fix = "mend the template; what waits for it is made by itself"
    return ("letters", "failed", "\n".join(found), fix)


def _inside(bot: "Bot", now: "datetime") -> list[Check]:
    from bot.jobs.polling import LAST_POLL
    from bot.record import runs

    with bot.record.read() as conn:
        last = runs.moment(conn, LAST_POLL)
    checks: list[Check] = [("database", "ok", bot.record.engine.dialect.name, ""), _roster(bot, now)]
    checks += [_calendar(bot, now), _senders(bot)]
    if not bot.config.office.staff:
        found = "nobody gets notices and digests"
        checks.append(("staff", "warning", found, 'set [office] staff, for example ["aj@example.cn"]'))
    if bot.config.smtp.deliver == "hold":
        found = "letters are held, none leaves, and no probe is sent"
        fix = 'read them (`python -m bot outbox`), then set [smtp] deliver = "send" to go live'
        checks.append(("deliver", "warning", found, fix))
    if last is not None and now - last > timedelta(minutes=bot.config.schedule.stale_poll_minutes):
        found = f"the mailbox was last read at {last.astimezone(bot.zone).isoformat(' ', timespec='minutes')}"
        checks.append(("poll", "warning", found, NEXT["poll"]))
    return [*checks, *programs.checks(), disk(bot, now)]


def _roster(bot: "Bot", now: "datetime") -> Check:
    """Whether every unit that owes something has somebody to write to."""
    from bot.record import people

    with bot.record.read() as conn:
        served = {p.unit for p in people.liaisons(conn, now.astimezone(bot.zone).date()) if p.email}
    kinds = {kind for rule in bot.rules.forms.values() for kind in rule.owed.by}
    present = [u for u in bot.rules.units.units if u.is_there(now.astimezone(bot.zone).date())]
    unserved = [u.name for u in present if u.kind in kinds and u.name not in served]
    if not unserved:
        return ("roster", "ok", f"{len(served)} units have an address", "")
    found = f"no address for {len(unserved)} units: {' '.join(unserved[:5])}{' …' if unserved[5:] else ''}"
    return (
        "roster",
        "warning",
        found,
        "`python -m bot roster import FILE.xlsx`, with 单位 姓名 手机 邮箱 as its columns",
    )


def _senders(bot: "Bot") -> Check:
    """What is verified of a sender, and what From alone can do here: anybody can write a From."""
    from bot.record import habits

    alone = "a first report; a correction, and what orders change, is confirmed by a reply from that address"
    with bot.record.read() as conn:
        vouched, seen = habits.counts(conn)
    so_far = f"; so far it vouched for {vouched} of {seen} known addresses" if seen else ""
    if bot.provider.netease:
        return ("senders", "ok", f"NetEase's own SPF and DKIM results are believed{so_far}. From alone: {alone}", "")
    if bot.provider.authserv_id:
        found = f"results of {bot.provider.authserv_id} are believed{so_far}. From alone: {alone}"
        return ("senders", "ok", found, "")
    fix = (
        "if the provider adds Authentication-Results to what it receives, put its first word into [mailbox] authserv_id"
    )
    return ("senders", "note", f"no sender is verified by the provider. From alone: {alone}", fix)


def _calendar(bot: "Bot", now: "datetime") -> Check:
    """Whether the working days of this year and of the next, once it is near, are known."""
    from bot.jobs.attending import YEAR_AHEAD

    local = now.astimezone(bot.zone)
    for year in (local.year, (local + YEAR_AHEAD).year):
        if bot.calendar.is_guess(year):
            fix = f"add the State Council's days of {year} to rules/calendar.toml"
            return ("calendar", "warning", f"working days of {year} are a guess", fix)
    return ("calendar", "ok", f"{local.year} is known", "")
