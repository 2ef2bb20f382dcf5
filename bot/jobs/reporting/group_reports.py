"""The monthly letter to the lead department of each inspection group, on the areas that the group inspects.

    which month is due -> groups that have not had it -> standing, numbers -> one letter a person
                                                      -> job_run rows and letters: ONE transaction

After an outage only the latest month is told. A lead without an address that works is put before the office once,
and gets its letter when it has one.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from bot.deciding.county import areas_of
from bot.deciding.deadlines import owed_periods
from bot.deciding.groups import due_period, report_context
from bot.deciding.ladder import may_leave
from bot.deciding.notices import People, reachable
from bot.jobs.enqueuing import enqueue
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import mailbox_was_read
from bot.jobs.reporting.figures import month_of
from bot.jobs.standing import people_by_unit
from bot.model.deciding import Attention, LetterDraft
from bot.model.people import Liaison
from bot.record import attention, people, runs
from bot.rules.reminders import GroupReports
from bot.rules.units import InspectionGroup

JOB = "group_report"
UNREACHABLE = "lead_unreachable"


def report_to_groups(bot: Bot, now: datetime) -> int:
    """Queues what is due now. Returns how many letters are new."""
    policy = bot.rules.reminders.groups
    if policy is None or not may_leave(now, bot.rules.reminders.hours, bot.calendar, bot.zone):
        return 0
    with bot.record.begin() as conn:
        if not mailbox_was_read(bot, conn, now):
            return 0
        since = runs.first_run(conn, now)
        return sum(_report(bot, conn, policy, form, since, now) for form in bot.rules.matrices)


def _report(bot: Bot, conn: Connection, policy: GroupReports, form: str, since: datetime, now: datetime) -> int:
    """The letters about one form."""
    rule, hours = bot.rules.forms[form], bot.rules.reminders.hours
    opened = owed_periods(rule, bot.campaign.first, bot.campaign.last, now, bot.zone)
    deadlines = {period: bot.deadline(form, period) for period in opened}
    period = due_period(policy, deadlines, now, hours, bot.calendar, bot.zone, since=since)
    if period is None:
        return 0
    done = runs.runs_starting(conn, JOB, [_run_key(form, period)], now)
    inspecting = [g for g in bot.rules.units.groups if areas_of(g, rule, bot.rules, period)]
    groups = [g for g in inspecting if _run_key(form, period, g.number) not in done]
    if not groups:
        return 0
    who = people_by_unit(conn, bot, now)
    told = _by_person(conn, groups, who, form, period, now)
    return sum(enqueue(bot, conn, d, now) is not None for d in _drafts(bot, conn, policy, told, who, form, period, now))


def _run_key(form: str, period: str, group: int | None = None) -> str:
    return f"{form}:{period}:{'' if group is None else group}"


def _by_person(
    conn: Connection, groups: list[InspectionGroup], who: People, form: str, period: str, now: datetime
) -> dict[str, tuple[Liaison, list[InspectionGroup]]]:
    """address -> the person there and the groups that his department leads, each claimed for this month."""
    dead = people.dead(conn)
    found: dict[str, tuple[Liaison, list[InspectionGroup]]] = {}
    for group in groups:
        key, persons = _run_key(form, period, group.number), reachable(group.lead, who, dead)
        if not persons and runs.claim_run(conn, UNREACHABLE, key, now):
            item = Attention(UNREACHABLE, unit=group.lead, form=form, period=period)
            attention.open_items(conn, [item], now)
        if persons and runs.claim_run(conn, JOB, key, now):
            for person in persons:
                found.setdefault(person.email, (person, []))[1].append(group)
    return found


def _drafts(
    bot: Bot,
    conn: Connection,
    policy: GroupReports,
    told: dict[str, tuple[Liaison, list[InspectionGroup]]],
    who: People,
    form: str,
    period: str,
    now: datetime,
) -> Iterator[LetterDraft]:
    """group_report:9:annex4:2017-06; the numbers of several groups are joined by +."""
    if not told:
        return
    rule, deadline, month = bot.rules.forms[form], bot.deadline(form, period), month_of(bot, conn, form, period, now)
    keys = set[str]()
    for person, groups in told.values():
        key = f"{JOB}:{'+'.join(str(g.number) for g in groups)}:{form}:{period}"
        key = f"{key}:{person.email}" if key in keys else key  # a second liaison of the same lead
        keys.add(key)
        context = report_context(person.name, groups, month, who, rule, bot.rules, deadline, now)
        yield LetterDraft(key=key, letter=policy.letter, to=person.email, context=context, held=policy.draft)
