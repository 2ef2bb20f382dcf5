"""``replay``: what today's rules would decide about archived mails, without doing it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import Json, print_json, print_table

if TYPE_CHECKING:
    from datetime import datetime

    from bot.deciding.comparing import Decided, Decision
    from bot.jobs.parts import Bot
    from bot.jobs.replaying import Replayed

Which = Annotated[
    str | None,
    typer.Argument(metavar="[MAIL_ID|NUMBER]", help="A mail's id, or the number of its answer."),
]
All = Annotated[bool, typer.Option("--all", help="Every mail of the archive.")]
Since = Annotated[str | None, typer.Option("--since", metavar="T", help="With --all: mails that arrived from T on.")]
COLOURS = {"differs": "yellow", "skipped": "dim"}


def replay(which: Which = None, every: All = False, since: Since = None, as_json: Json = False) -> None:
    """Decide archived mails again by today's rules, and say what differs from what was decided. Nothing is written.

    Exit status 1 if anything differs. Compared are the outcome, and each form's
    unit, month, numbers, rows and findings; not the letters, and not what the
    office decided later of a report that waited.

    A mail is judged against the reports, reasons, announcements and liaisons of
    its own time. As they are today: registered bases, whom the office let off, a
    roster imported after the mail came, the programs that open pictures and old
    files. What differs through these is no fault of the rules.

    Skipped: orders and replies in words, whose meaning hangs on what was open
    then, and mails that were too large to keep.
    """
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.jobs.parts import Bot
    from bot.record import database

    if (which is None) != every or (since is not None and not every):
        raise UsageError("expected the id of a mail, the number of a letter, or --all, which may have --since")
    config = load_config()
    if not database.exists(config.database.url):
        raise UsageError("there is no record yet")
    with Bot.build(config) as bot:
        found = list(_replayed(bot, _mail_ids(bot, which, since)))
        if which is not None and not found:
            raise UsageError(f"{which}: this mail is not worked off yet")
    if as_json:
        print_json([_shape(item) for item in found])
    else:
        _show(found, every)
    raise typer.Exit(1 if any(item.result == "differs" for item in found) else 0)


def _mail_ids(bot: "Bot", which: str | None, since: str | None) -> list[int]:
    from bot.errors import UsageError
    from bot.record import history

    with bot.record.read() as conn:
        if which is None:
            return history.ids_of_mails(conn, _moment(bot, since))
        if which.isdigit() and history.mail_of(conn, int(which)):
            return [int(which)]
        letter = history.letter_of(conn, which.strip().upper())
        if letter is None or letter.mail_id is None:
            raise UsageError(f"{which}: no mail has this id, and no letter with this number answers one")
        return [letter.mail_id]


def _moment(bot: "Bot", since: str | None) -> "datetime | None":
    from datetime import datetime

    from bot.errors import UsageError

    try:
        moment = datetime.fromisoformat(since) if since else None
    except ValueError as error:
        raise UsageError(f"--since: expected a time such as 2017-07-06T09:00 (got {since!r})") from error
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=bot.zone)


def _replayed(bot: "Bot", ids: list[int]) -> "Iterator[Replayed]":
    from bot.cli.progress import progress
    from bot.jobs.replaying import replay

    with progress("replay") as step:
        for number, mail_id in enumerate(ids):
            item = replay(bot, mail_id)
            step(number + 1, len(ids))
            if item is not None:
                yield item


def _show(found: "list[Replayed]", every: bool) -> None:
    """Of many mails only those that are not the same."""
    shown = [item for item in found if not every or item.result != "same"]
    rows: list[list[Any]] = [
        [item.mail_id, item.result, item.was.outcome, item.would.outcome if item.would else "", _said(item)]
        for item in shown
    ]
    if rows:
        print_table("replay", ("mail", "", "was", "would be", ""), rows, [COLOURS.get(i.result, "") for i in shown])
    counts = {result: sum(i.result == result for i in found) for result in ("same", "differs", "skipped")}
    typer.echo(" ".join(f"{result}={n}" for result, n in counts.items()))


def _said(item: "Replayed") -> str:
    return item.why or "\n".join(item.differences)


def _shape(item: "Replayed") -> dict[str, Any]:
    return {
        "mail": item.mail_id,
        "result": item.result,
        "why": item.why,
        "differences": list(item.differences),
        "was": _decision(item.was),
        "would": _decision(item.would) if item.would else None,
    }


def _decision(decision: "Decision") -> dict[str, Any]:
    return {
        "outcome": decision.outcome,
        "repeats": decision.repeats,
        "forms": [_form(form) for form in decision.forms],
    }


def _form(form: "Decided") -> dict[str, Any]:
    """What stands in rows is left out: names and telephones of whole registers."""
    plain = ("form", "document", "place", "outcome", "why", "unit", "period", "on_time", "numbers")
    findings = [dict(zip(("check", "case", "severity", "place"), f, strict=True)) for f in form.findings]
    return {**{key: getattr(form, key) for key in plain}, "rows": len(form.content), "findings": findings}
