"""``calendar``: a year's deadlines as they really fall; ``assessment``: how each unit has reported in a year."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import Json, Now, now_in, print_json, print_table, writing

if TYPE_CHECKING:
    from bot.deciding.whichperiod import Campaign
    from bot.deciding.yearplan import PlanDay
    from bot.jobs.parts import Bot
    from bot.model.assessment import Assessed, Evidence

Year = Annotated[int | None, typer.Option("--year", help="Such as 2018; default: the present one.")]
Ics = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE.ics", help="Write a calendar file too.")]
Book = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE.xlsx", help="The workbook.")]


def calendar(year: Year = None, output: Ics = None, as_json: Json = False, now: Now = None) -> None:
    """Every deadline of a year as it really falls, with the days of the reminders. Uses no database."""
    from bot.config import load_config
    from bot.deciding.calendar import WorkCalendar
    from bot.deciding.whichperiod import Campaign
    from bot.deciding.yearplan import plan
    from bot.letters.calendars import CalendarWords, calendar_file
    from bot.rules.load import load_file, load_rules

    config = load_config()
    rules = load_rules(config.paths.rules)
    moment, zone, worked = now_in(config, now), config.office.zone, WorkCalendar(rules.calendar)
    year = year or moment.astimezone(zone).year
    campaign = Campaign(config.campaign.first_period, config.campaign.last_period)
    days = plan(year, rules.forms.values(), campaign, rules.reminders, worked, zone)
    _expect(bool(days), year, "falls due", campaign)
    if output is not None:
        words = load_file(config.paths.templates / "calendar.toml", CalendarWords)
        host = config.own_address.partition("@")[2]
        data = calendar_file(year, days, rules, words, config.office, host=host, now=moment)
        with writing(output):
            output.write_bytes(data)
    guess = worked.is_guess(year)
    if as_json:
        print_json({"year": year, "guess": guess, "deadlines": [_day_shape(day) for day in days]})
    else:
        _show_plan(year, guess, days)


def _show_plan(year: int, guess: bool, days: "tuple[PlanDay, ...]") -> None:
    from bot.deciding.views import shown_period

    stages = [stage for stage, _ in days[0].reminders]
    rows = [
        [
            day.due.form,
            shown_period(day.due.period),
            day.day,
            f"{day.day:%a}",
            "yes" if day.worked else "NO",
            day.moved_from,
        ]
        + [f"{when:%m-%d}" for _, when in day.reminders]
        for day in days
    ]
    columns = ("form", "period", "deadline", "day", "worked", "moved from", *stages)
    title = f"{year}: a guess, the days off are not announced yet" if guess else str(year)
    print_table(title, columns, rows, ["" if day.worked else "yellow" for day in days])


def _day_shape(day: "PlanDay") -> dict[str, Any]:
    from bot.deciding.views import shown_period

    return {
        "form": day.due.form,
        "period": shown_period(day.due.period),
        "deadline": day.due.deadline,
        "weekday": day.day.isoweekday(),
        "worked": day.worked,
        "moved_from": day.moved_from,
        "guess": day.guess,
        "reminders": dict(day.reminders),
    }


def assessment(year: Year = None, output: Book = None, as_json: Json = False, now: Now = None) -> None:
    """Score and rank of every unit for a year, as a workbook with the evidence behind each number."""
    from bot.config import load_config
    from bot.errors import UsageError
    from bot.jobs.parts import Bot
    from bot.jobs.reporting.assessing import assessed
    from bot.letters.assessment import assessment_book
    from bot.letters.tables import Fonts
    from bot.record import runs

    config = load_config()
    moment = now_in(config, now)
    with Bot.build(config, now=moment) as bot:
        year = year or moment.astimezone(bot.zone).year
        with bot.record.read() as conn:
            # A --now before the first run does not mean that the clock was wrong then.
            since = runs.began(conn, max(moment, now_in(config, None)))
            if since is None:
                raise UsageError("the bot has never run on this database: there is nothing to assess")
            units = assessed(bot, conn, year, since, moment)
        _expect(bool(units), year, "has fallen due since the first run", bot.campaign)
        if output is not None:
            fonts = Fonts(bot.workbook_words.title_font, bot.workbook_words.text_font)
            office = config.office.name
            data = assessment_book(year, units, bot.rules, fonts, office, now=moment, since=since, zone=bot.zone)
            with writing(output):
                output.write_bytes(data)
        if as_json:
            print_json({"year": year, "as_of": moment, "since": since, "units": [_full_shape(u, bot) for u in units]})
        else:
            _show_ranking(year, units)


def _show_ranking(year: int, units: "tuple[Assessed, ...]") -> None:
    columns = (
        *("kind", "rank", "unit", "owed", "on_time", "late", "late_days", "missing", "waiting"),
        *("returned", "corrected", "deducted", "score", "grade"),
    )
    shapes = [_unit_shape(unit) for unit in units]
    rows = [[shape[column] for column in columns] for shape in shapes]
    print_table(str(year), columns, rows, spare=("kind", "deducted", "late_days", "corrected", "waiting"))


def _full_shape(unit: "Assessed", bot: "Bot") -> dict[str, Any]:
    return {**_unit_shape(unit), "evidence": [_evidence_shape(item, bot) for item in unit.evidence]}


def _unit_shape(unit: "Assessed") -> dict[str, Any]:
    return {
        "unit": unit.unit,
        "kind": unit.kind,
        "rank": unit.rank,
        "owed": unit.owed,
        "on_time": unit.count("on_time"),
        "late": unit.count("late"),
        "late_days": unit.late_days,
        "missing": unit.count("missing"),
        "waiting": unit.count("waiting"),
        "returned": unit.returned,
        "corrected": unit.corrected,
        "deducted": float(unit.deducted),
        "score": float(unit.score),
        "grade": unit.grade,
    }


def _evidence_shape(item: "Evidence", bot: "Bot") -> dict[str, Any]:
    from bot.deciding.views import shown_period

    return {
        "form": item.form,
        "period": shown_period(item.period),
        "deadline": item.deadline,
        "outcome": item.outcome,
        "received_at": item.received_at.astimezone(bot.zone) if item.received_at else None,
        "version": item.version,
        "late_days": item.late_days,
        "returned": item.returned,
        "corrected": item.corrected,
        "deductions": [{"for": d.code, "count": d.count, "points": float(d.points)} for d in item.deductions],
    }


def _expect(found: bool, year: int, what: str, campaign: "Campaign") -> None:
    """UsageError for a year without anything."""
    from bot.errors import UsageError

    if not found:
        raise UsageError(
            f"--year: nothing {what} in {year}; the campaign lasts from {campaign.first} to {campaign.last}"
        )
