"""``status``: where each unit stands."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import Json, Now, now_in, print_json, print_table, shown

if TYPE_CHECKING:
    from datetime import datetime

    from bot.jobs.parts import Bot

COLOURS = {"accepted": "green", "late": "yellow", "returned": "red", "waiting": "magenta", "missing": "bold red"}
Period = Annotated[str | None, typer.Option("--period", help="The month, such as 2017-06; default: the present one.")]
FormId = Annotated[str | None, typer.Option("--form", help="A form of rules/; default: the one with targets.")]


def status(period: Period = None, form: FormId = None, as_json: Json = False, now: Now = None) -> None:
    """Who has reported, who has not, since when, and how the mails and letters stand."""
    from bot.config import load_config
    from bot.jobs.parts import Bot

    config = load_config()
    with Bot.build(config, now=now_in(config, now)) as bot:
        shape = _shape(bot, _form(bot, form), period, now_in(config, now))
    if as_json:
        print_json(shape)
        return
    columns = ("unit", "kind", "state", "received_at", "version", "total", "late_by_days", "liaison", "phone")
    rows = [[unit[c] for c in columns] for unit in shape["units"]]
    styles = [COLOURS.get(unit["state"], "") for unit in shape["units"]]
    title = f"{shape['form']} {shape['period'] or ''}, due {shown(shape['deadline'])}"
    print_table(title, columns, rows, styles, spare=("kind", "version", "phone"))
    for part in ("rates", "mails", "letters"):
        typer.echo(f"{part}: {', '.join(f'{k} {v}' for k, v in shape[part].items()) or 'none'}")
    typer.echo(f"only filed (thanks, promises, automatic replies of liaisons): {shape['filed']}")
    if shape["released_at"]:
        typer.echo(f"locked: announced in the bulletin at {shown(shape['released_at'])}")
    typer.echo(f"last good poll: {shown(shape['last_poll']) or 'never'}")


def _form(bot: "Bot", wanted: str | None) -> str:
    from bot.errors import UsageError

    if wanted is None:
        return bot.rules.targets.form
    if wanted not in bot.rules.forms:
        raise UsageError(f"--form: expected one of {', '.join(bot.rules.forms)} (got {wanted!r})")
    return wanted


def _shape(bot: "Bot", form: str, period: str | None, now: "datetime") -> dict[str, Any]:
    from bot.deciding.deadlines import open_period, periods
    from bot.deciding.notices import contact
    from bot.deciding.standing import rates
    from bot.deciding.views import shown_period
    from bot.errors import UsageError
    from bot.jobs.polling import LAST_POLL
    from bot.jobs.reporting.digest_post import filed
    from bot.jobs.standing import lines, people_by_unit
    from bot.model.deciding import ONCE
    from bot.record import archive, bulletins, correspondence, runs

    every = periods(bot.campaign.first, bot.campaign.last)
    if bot.rules.forms[form].owed.once:
        if period is not None:
            raise UsageError(f"--period: {form} is owed once, and has no month")
        every = (ONCE,)
    if period is None:
        period = min(max(open_period(bot.rules.forms[form], now, bot.zone), every[0]), every[-1])
    if period not in every:
        raise UsageError(f"--period: expected a month from {every[0]} to {every[-1]} (got {period!r})")
    with bot.record.read() as conn:
        rows = lines(bot, conn, form, period, now)
        who = people_by_unit(conn, bot, now)
        mails, letters = archive.counts(conn), correspondence.counts(conn)
        only_filed = len(filed(bot, conn, now))
        last_poll = runs.moment(conn, LAST_POLL)
        kept = bulletins.kept(conn, form, period)
    counted = rates(rows)
    return {
        "form": form,
        "period": shown_period(period),
        "deadline": bot.deadline(form, period),
        "units": [
            {
                "unit": line.unit.name,
                "kind": line.unit.kind,
                "state": line.state,
                "received_at": line.received_at.astimezone(bot.zone) if line.received_at else None,
                "version": line.version,
                "total": line.total,
                "late_by_days": line.late_by_days,
                "liaison": contact(line.unit.name, who)["liaison"] or None,
                "phone": contact(line.unit.name, who)["phone"] or None,
            }
            for line in rows
        ],
        "rates": {"expected": counted.expected, "received": counted.received, "on_time": counted.on_time},
        "mails": mails,
        "letters": letters,
        "filed": only_filed,
        "last_poll": last_poll.astimezone(bot.zone) if last_poll else None,
        "released_at": kept.released_at.astimezone(bot.zone) if kept and kept.released_at else None,
    }
