"""``question``: what the office is asked, and its answers; the same acts as by mail."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import Json, Now, print_json, print_table

if TYPE_CHECKING:
    from bot.jobs.parts import Bot

question_app = typer.Typer(help="What waits for the office.", no_args_is_help=True)
COLUMNS = ("number", "why", "form", "unit", "period", "sender", "subject", "received_at")
Words = Annotated[
    list[str], typer.Argument(metavar="ANSWER", help="As in a mail: the word of rules/commands.toml and its arguments.")
]


@question_app.command("list")
def listing(as_json: Json = False) -> None:
    """Every open question, oldest first."""
    from bot.config import load_config
    from bot.jobs.parts import Bot
    from bot.record import questions

    with Bot.build(load_config()) as bot:
        with bot.record.read() as conn:
            rows = questions.open_ones(conn)
        found = [_shape(bot, row) for row in rows]
        reasons = {**bot.rules.reasons.attention, **bot.rules.reasons.waiting}
    if as_json:
        print_json(found)
        return
    shown = [{**item, "why": reasons.get(item["why"], item["why"])} for item in found]
    print_table(
        "questions", COLUMNS, [[item[c] for c in COLUMNS] for item in shown], spare=("received_at", "form", "sender")
    )


def _shape(bot: "Bot", row: Any) -> dict[str, Any]:
    from bot.deciding.views import shown_period

    return {
        "number": row.number,
        "why": row.kind,
        "form": row.form,
        "unit": row.unit,
        "period": shown_period(row.period),
        "sender": row.shown_from or row.letter_to,
        "subject": row.subject or row.letter_subject,
        "received_at": row.received_at.astimezone(bot.zone) if row.received_at else None,
    }


@question_app.command()
def answer(
    number: Annotated[int, typer.Argument(metavar="N", help="The number in the list.")], words: Words, now: Now = None
) -> None:
    """Decide a question, in the words that a mail would have."""
    from bot.cli.ordering import order

    order(" ".join((str(number), *words)), now)
