"""``question``: what waits for the office, and its answer."""

from typing import Annotated

import typer

from bot.cli.common import Json, Now, now_in, print_json, print_table

question_app = typer.Typer(help="Reports that wait for the office.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(metavar="N", help="The number in the list.")]
COLUMNS = ("number", "form", "unit", "period", "why", "sender", "subject", "received_at")


@question_app.command("list")
def listing(as_json: Json = False) -> None:
    """Every report that waits, oldest first."""
    from bot.config import load_config
    from bot.deciding.views import shown_period
    from bot.jobs.parts import Bot
    from bot.record import reports

    with Bot.build(load_config()) as bot:
        with bot.record.read() as conn:
            rows = reports.open_questions(conn)
        reasons = bot.rules.reasons.waiting
        found = [
            {
                "number": row.id,
                "form": row.form,
                "unit": row.unit,
                "period": shown_period(row.period),
                "why": row.why,
                "sender": row.shown_from,
                "subject": row.subject,
                "received_at": row.received_at.astimezone(bot.zone),
            }
            for row in rows
        ]
    if as_json:
        print_json(found)
        return
    shown = [{**item, "why": reasons.get(str(item["why"]), "")} for item in found]
    print_table("waiting", COLUMNS, [[item[c] for c in COLUMNS] for item in shown])


@question_app.command()
def accept(
    number: Number,
    unit: Annotated[str | None, typer.Option("--unit", help="Whose report it is, if not as written.")] = None,
    period: Annotated[str | None, typer.Option("--period", help="Of which month, if not as written.")] = None,
    now: Now = None,
) -> None:
    """Count a report that waits, from the day on which it came; its sender gets a receipt, or what to correct."""
    from bot.config import load_config
    from bot.deciding.deadlines import periods
    from bot.errors import UsageError
    from bot.jobs import settling
    from bot.jobs.parts import Bot

    config = load_config()
    with Bot.build(config) as bot:
        found = bot.rules.units.resolve(unit) if unit else None
        if unit and found is None:
            raise UsageError(f"--unit: no such unit: {unit!r}")
        if period and period not in periods(bot.campaign.first, bot.campaign.last):
            raise UsageError(f"--period: expected a month of the campaign (got {period!r})")
        outcome = settling.accept(
            bot, number, now_in(config, now), by="command line", unit=found.name if found else None, period=period
        )
    typer.echo(f"{number}: {outcome}")
    raise typer.Exit(0 if outcome in ("accepted", "duplicate") else 1)


@question_app.command()
def dismiss(number: Number, now: Now = None) -> None:
    """Leave a report uncounted; nobody is told, and the unit owes it again."""
    from bot.config import load_config
    from bot.jobs import settling
    from bot.jobs.parts import Bot

    config = load_config()
    with Bot.build(config) as bot:
        settling.dismiss(bot, number, now_in(config, now), by="command line")
    typer.echo(f"{number}: dismissed")
