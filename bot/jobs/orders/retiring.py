"""停用 and 启用: a unit that owes nothing from a month on, and one that does again. What it has reported stays."""

from datetime import date

from bot.jobs.orders.errands import Errand, Refusal, Result
from bot.record import known


def retire(e: Errand) -> Result:
    """停用: from the first day of a month on."""
    unit, since = e.order.arguments.unit or "", _first_day(e)
    if any(a.unit == unit and a.until is None for a in known.absences(e.conn)):
        raise Refusal("already_retired", {"unit": unit})
    number = known.send_away(e.conn, unit, since, e.order.arguments.reason or "", e.now)
    return Result(_said(e), undo={"absence": number})


def reinstate(e: Errand) -> Result:
    """启用: it owes again from the first day of a month on."""
    unit = e.order.arguments.unit or ""
    gone = next((a for a in known.absences(e.conn) if a.unit == unit and a.until is None), None)
    if gone is None:
        raise Refusal("not_retired", {"unit": unit})
    known.call_back(e.conn, gone.absence_id, max(_first_day(e), gone.since))
    return Result(_said(e), undo={"away_until": [gone.absence_id, None]})


ACTS = {"retire": retire, "reinstate": reinstate}


def _first_day(e: Errand) -> date:
    """Of the month that is written; one after the campaign says nothing."""
    period = e.order.arguments.period or ""
    if period > e.bot.campaign.last:
        raise Refusal("no_period")
    return date.fromisoformat(f"{period}-01")


def _said(e: Errand) -> dict[str, str]:
    a = e.order.arguments
    return {"unit": a.unit or "", "month": e.bot.rules.words.month_text(a.period or ""), "reason": a.reason or ""}
