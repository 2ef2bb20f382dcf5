"""The files that hang on the samples: the workbooks that a person would find there, and the calendar of the year.

Of the main form only, and without those that need a record of reports (the bulletin's documents, the summary).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bot.config import Config
from bot.deciding.calendar import WorkCalendar
from bot.deciding.whichperiod import Campaign
from bot.deciding.yearplan import plan
from bot.letters.calendars import ICS, CalendarWords, calendar_file
from bot.letters.marked import marked
from bot.letters.workbook_words import WorkbookWords
from bot.letters.workbooks import XLSX, prefilled
from bot.model.deciding import Finding, Judged, LetterDraft, LetterFile, Numbers, Target
from bot.model.forms import Count, Form, Written
from bot.preview.cases import Case
from bot.rules.forms import FormRule
from bot.rules.policy import Rules

LAST_MONTH = 3  # what each cell of the samples held the month before, at most


def with_files(case: Case, config: Config, rules: Rules, words: WorkbookWords, calendar: CalendarWords) -> LetterDraft:
    """The letter with the files that it speaks of."""
    rule, context = rules.matrices[rules.targets.form], case.draft.context
    found = [*_workbooks(context, rule, words), *_marked(context, rule, words)]
    if case.draft.letter == "year_plan":
        found += _calendar(case, config, rules, calendar)
    return replace(case.draft, files=tuple(found))


def _workbooks(context: dict[str, Any], rule: FormRule, words: WorkbookWords) -> Iterator[LetterFile]:
    """What reminders bring: with last month's numbers, where the sample has a last month."""
    for item in context.get("items", ()):
        if item.get("form_name") == rule.name and item.get("file"):
            numbers = _numbers(rule) if item["last_period"] else None
            data = prefilled(
                rule, words, unit=item["unit"], period=item["period"], numbers=numbers, reporter=context["person"]
            )
            yield LetterFile(item["file"], data, XLSX)


def _numbers(rule: FormRule) -> Numbers:
    return {
        group.id: {column.id: (n + 2 * m) % (LAST_MONTH + 1) for m, column in enumerate(rule.columns)}
        for n, group in enumerate(rule.groups)
    }


def _marked(context: dict[str, Any], rule: FormRule, words: WorkbookWords) -> Iterator[LetterFile]:
    """What goes back to be corrected, or to be confirmed."""
    for name, form in zip(context.get("marked", ()), context.get("forms", ()), strict=False):
        yield LetterFile(name, marked(rule, words, _judged(form, rule), form["period"]), XLSX)


def _judged(shown: dict[str, Any], rule: FormRule) -> Judged:
    """The report that a letter shows, as it was before it was shown."""
    fields = {"unit": Written(shown["unit_written"], "")}
    counts, numbers = {}, {}
    for group, line in zip(rule.groups, shown["table"]["groups"], strict=False):
        known = {c.id: n for c, n in zip(rule.columns, line["counts"], strict=True) if n is not None}
        numbers[group.id] = known
        counts[group.id] = {id_: Count(n, str(n), "") for id_, n in known.items()}
    findings = tuple(
        Finding("count", "error", "", item["message"], target=_target(item["cell"], rule)) for item in shown["errors"]
    )
    form = Form(rule.id, "", fields, counts)
    return Judged(form, shown["document"], shown["unit"], shown["period"], None, "", "", numbers, findings)


def _target(cell: str, rule: FormRule) -> Target:
    """``cell.1.1`` and ``sum.0``, as the samples name them."""
    kind, *place = cell.split(".")
    group = rule.groups[int(place[0])].id
    return ("subtotal", group) if kind == "sum" else ("count", group, rule.columns[int(place[1])].id)


def _calendar(case: Case, config: Config, rules: Rules, words: CalendarWords) -> list[LetterFile]:
    """This installation's own deadlines in the year of the sample; nothing if none falls into it."""
    year, zone = case.draft.context["year"], config.office.zone
    campaign = Campaign(config.campaign.first_period, config.campaign.last_period)
    days = plan(year, rules.forms.values(), campaign, rules.reminders, WorkCalendar(rules.calendar), zone)
    if not days:
        return []
    host = config.own_address.partition("@")[2]
    data = calendar_file(year, days, rules, words, config.office, host=host, now=case.at)
    return [LetterFile(case.draft.context["file"], data, ICS)]
