"""Orders at any time: 状态, 催报, 延期, 停发, 导出, 通报, 考核, 联络员, 撤销 and others. One function each."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import Row

from bot.deciding.deadlines import open_period, periods
from bot.deciding.views import shown_period
from bot.jobs.dispensing import deadline_of
from bot.jobs.orders import settling, telephoning
from bot.jobs.orders.errands import STOPPED, Errand, Matter, Refusal, Result, made
from bot.jobs.orders.notifying import Decided, What, tell
from bot.jobs.orders.recalling import history_lines, status_lines
from bot.jobs.orders.urging import urge
from bot.jobs.reporting import bulletins
from bot.jobs.reporting.assessing import assessed
from bot.jobs.succession import tell_change
from bot.letters.assessment import assessment_book
from bot.letters.tables import Fonts
from bot.letters.workbooks import XLSX
from bot.model.deciding import LetterFile
from bot.model.people import Liaison
from bot.record import acts, known, people, runs, versions
from bot.record.acts import Dispensation

Act = Callable[[Errand], Result]


def status(e: Errand) -> Result:
    """状态: where each unit stands."""
    form, period = e.bot.rules.targets.form, _period(e)
    return Result(_about(e, form, period), tuple(status_lines(e.bot, e.conn, form, period, e.now)))


def remind(e: Errand) -> Result:
    """催报: reminds a unit, or all that are late, now."""
    count = urge(e.bot, e.conn, e.order.arguments.unit, f"order:{e.given.mail_id or e.now.isoformat()}", e.now)
    if not count:
        raise Refusal("missing_nothing")
    return Result({"count": count})


def let_off(e: Errand) -> Result:
    """More time, or no report at all."""
    a, form = e.order.arguments, e.bot.rules.targets.form
    period, unit = _period(e), a.unit or ""
    if versions.accepted(e.conn, form, unit, period):
        raise Refusal("already_reported", {"unit": unit})
    until = a.until if e.order.rule.id == "extend" else None
    if until and until <= e.bot.deadline(form, period).date():
        raise Refusal("no_until")
    acts.dispense(e.conn, Dispensation(unit, form, period, until, a.reason or ""), e.now)
    due = deadline_of(e.bot, e.conn, form, unit, period)
    told = tell(e, Decided("extended" if until else "exempt", unit, form, period, due, a.reason or ""))
    said = {"unit": unit, "until": e.bot.renderer.filters["fullday"](until) if until else "", "reason": a.reason}
    said["outcome"] = e.bot.rules.commands.answers["unit_told" if told else "nobody_to_tell"]
    return Result({**_about(e, form, period), **said}, undo={"withdraw": [unit, form, period]})


def _end(e: Errand, unit: str, form: str, period: str) -> None:
    """撤销 of either: what held before holds again, and the unit hears what that is."""
    again = acts.take_back(e.conn, unit, form, period, e.now)
    current, due = versions.accepted(e.conn, form, unit, period), deadline_of(e.bot, e.conn, form, unit, period)
    what: What = "ended" if again is None else "extended" if again.until else "exempt"
    tell(e, Decided(what, unit, form, period, due, again.reason if again else "", current))


def stop(e: Errand) -> Result:
    """停发 and 恢复."""
    before = runs.get(e.conn, STOPPED) or ""
    runs.put(e.conn, STOPPED, e.now.isoformat() if e.order.rule.id == "hold" else "")
    return Result(undo={"stopped": before})


def export(e: Errand) -> Result:
    """导出: the summary workbook of a month."""
    period = e.order.arguments.period or bulletins.latest_past(e.bot, e.now) or _period(e)
    _of_campaign(e, period)
    year, month = map(int, period.split("-"))
    name = e.bot.rules.bulletin.files.summary.format(year=year, month=month)
    shown = bulletins.edition(e.bot, e.conn, period, e.now)
    data = made(name, lambda: bulletins.summary_of(e.bot, shown))
    return Result(_about(e, e.bot.rules.bulletin_form, period), files=(LetterFile(name, data, XLSX),))


def bulletin(e: Errand) -> Result:
    """通报: a month's bulletin and summary; the very letter of the draft where it can still be released."""
    period = e.order.arguments.period or bulletins.latest_past(e.bot, e.now) or _period(e)
    _of_campaign(e, period)
    form, shown = e.bot.rules.bulletin_form, bulletins.edition(e.bot, e.conn, period, e.now)
    said = _about(e, form, period)
    draft = made(said["month"], lambda: bulletins.letter_of(e.bot, e.conn, shown, e.now))
    if shown.released_at is None and e.bot.deadline(form, period) < e.now:
        return Result(said, files=draft.files, letter=draft.letter, context=draft.context, about=f"{form}:{period}")
    return Result(said, files=draft.files)


def assessment(e: Errand) -> Result:
    """考核: score and rank of every unit for a year."""
    year = int(e.order.arguments.year or 0)
    since = runs.first_run(e.conn, e.now)
    units = assessed(e.bot, e.conn, year, since, e.now)
    if not units:
        raise Refusal("no_year")
    words = e.bot.workbook_words
    fonts, office = Fonts(words.title_font, words.text_font), e.bot.config.office.name
    name = e.bot.rules.commands.answers["assessment_file"].format(year=year)
    data = made(
        name, lambda: assessment_book(year, units, e.bot.rules, fonts, office, now=e.now, since=since, zone=e.bot.zone)
    )
    return Result({"year": year}, files=(LetterFile(name, data, XLSX),))


def history(e: Errand) -> Result:
    """What a unit has reported so far."""
    unit = e.order.arguments.unit or ""
    return Result({"unit": unit}, tuple(history_lines(e.bot, e.conn, unit)))


def appoint(e: Errand) -> Result:
    """Makes somebody a unit's liaison."""
    a = e.order.arguments
    person = Liaison(a.unit or "", a.name or "", a.mobile or "", a.email or "")
    before = people.liaisons_of(e.conn, person.unit, e.now.astimezone(e.bot.zone).date())
    _appoint(e, person.unit, [person])
    said = {"unit": person.unit, "name": person.name, "mobile": person.mobile, "email": person.email}
    return Result(said, undo={"liaisons": [person.unit, [[p.name, p.mobile, p.email] for p in before]]})


def undo(e: Errand) -> Result:
    """Takes the actor's last act back; no earlier one, and none that somebody else has gone on from."""
    row, named = _undoable(e)
    match row.undo:
        case {"reopen": report_id}:
            settling.reopen(e.conn, report_id, e.now, by=e.given.actor)
        case {"withdraw": [unit, form, period]}:
            _end(e, unit, form, period)
        case {"absence": number}:
            known.withdraw(e.conn, number, e.now)
        case {"away_until": [number, day]}:
            known.call_back(e.conn, number, date.fromisoformat(day) if day else None)
        case {"stopped": before}:
            runs.put(e.conn, STOPPED, before)
        case {"liaisons": [unit, persons]}:
            _appoint(e, unit, [Liaison(unit, *person) for person in persons])
        case {"withdraw_report": [report_id, *_]}:
            telephoning.take_back(e, report_id, withdrawn=False)
        case {"restore_report": [report_id, *_]}:
            telephoning.take_back(e, report_id, withdrawn=True)
    acts.mark_undone(e.conn, row.id, e.now)
    return Result(named)


def shown_undo(e: Errand) -> Matter:
    """The act that 撤销 would take back."""
    _, named = _undoable(e)
    return Matter(lines=(e.bot.rules.commands.answers["would_undo"].format(**named),))


def _undoable(e: Errand) -> tuple[Row[Any], dict[str, str]]:
    """The actor's last act, and how it is named. ``Refusal`` where it cannot be taken back."""
    row = acts.last_act(e.conn, e.given.actor)
    if row is None:
        raise Refusal("nothing_to_undo")
    named = {"what": row.arguments.get("said", ""), "moment": e.bot.renderer.filters["moment"](row.at)}
    if not row.undo:
        raise Refusal("cannot_undo", named)
    if other := acts.later_by_others(e.conn, row):
        raise Refusal("undo_overtaken", {**named, "actor": other.actor})
    return row, named


def help_(e: Errand) -> Result:
    """What the sender may order, a line each."""
    return Result(lines=tuple(rule.help for rule in e.bot.rules.commands.of(e.order.rule.by)))


SHOWN = {"undo": shown_undo, **telephoning.SHOWN}
ACTS: dict[str, Act] = {
    "status": status,
    "remind": remind,
    "extend": let_off,
    "exempt": let_off,
    "hold": stop,
    "resume": stop,
    "export": export,
    "bulletin": bulletin,
    "assessment": assessment,
    "history": history,
    "appoint": appoint,
    "undo": undo,
    "help": help_,
}


def _appoint(e: Errand, unit: str, persons: list[Liaison]) -> None:
    today = e.now.astimezone(e.bot.zone).date()
    before = people.liaisons_of(e.conn, unit, today)
    if people.appoint(e.conn, unit, persons, today, min(today, e.bot.ever)):
        tell_change(e.bot, e.conn, unit, before, persons, str(e.given.mail_id or e.now.isoformat()), e.now)


def _period(e: Errand) -> str:
    """The month of the order; without one, the present one."""
    period = e.order.arguments.period
    if period is None:
        rule, campaign = e.bot.rules.forms[e.bot.rules.targets.form], e.bot.campaign
        period = min(max(open_period(rule, e.now, e.bot.zone), campaign.first), campaign.last)
    _of_campaign(e, period)
    return period


def _of_campaign(e: Errand, period: str) -> None:
    if period not in periods(e.bot.campaign.first, e.bot.campaign.last):
        raise Refusal("no_period")


def _about(e: Errand, form: str, period: str) -> dict[str, Any]:
    shown = shown_period(period)
    return {"form": e.bot.rules.forms[form].name, "month": e.bot.rules.words.month_text(shown) if shown else ""}
