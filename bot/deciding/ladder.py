"""Which reminder is due: the ladder of rules/reminders.toml, by state and not by the clock.

Deadline Wednesday 2017-07-05 23:59:59, hours 08:30 to 17:30, Beijing time, the first run long ago:

    now               already sent    due_stage   because
    06-29 16:00       -               None        before-3 is reached on 06-30 at 08:30
    06-30 08:30       -               before-3    reached
    06-30 09:00       before-3        None        sent
    07-01 10:00       -               None        a Saturday; before-3 leaves on Monday
    07-05 09:00       -               due         the latest that was reached; before-3 is left out
    07-05 18:00       -               None        outside working hours
    07-06 08:30       before-3        after-1     the deadline has passed, so "due" makes no sense any more
    07-14 10:00       -               after-7     after an outage: one letter, not five
    07-14 10:00       after-7         None        nothing comes after the last stage

    now               already sent    to lead     because
    07-18 10:00       after-7         None        escalate-10 is reached on 07-19 at 08:30
    07-19 08:30       after-7         escalate-10 reached
    07-19 09:00       escalate-10     None        sent, or waiting for the office's release
    07-21 10:00       -               escalate-10 after an outage; and after-7 to the unit: to each one letter

    now, first run    deadline        due_stage   because
    07-04, 07-04      07-05           before-3    reached before the first run, and still useful
    07-10, 07-06      07-05           None        fell due before the first run: shown as missing, not chased
"""

from collections.abc import Collection
from datetime import datetime, timedelta, tzinfo

from bot.deciding.calendar import WorkCalendar
from bot.rules.reminders import Hours, Recipient, Reminders, Stage


def moment(stage: Stage, deadline: datetime, hours: Hours, calendar: WorkCalendar, zone: tzinfo) -> datetime:
    """When a stage is reached: the start of working hours on its day.

    before: so many working days before the deadline's day. on, or 0 days before: the deadline's day, or
    the last working day before it if it is not worked. after: the n-th working day after it, at least the first.
    """
    day = deadline.astimezone(zone).date()
    if stage.when == "after":
        return days_after(deadline, max(1, stage.working_days), hours, calendar, zone)
    if stage.when == "before" and stage.working_days:
        day = calendar.shift(day, -stage.working_days)
    else:
        day = calendar.previous_workday(day)
    return datetime.combine(day, hours.start, zone)


def days_after(deadline: datetime, working_days: int, hours: Hours, calendar: WorkCalendar, zone: tzinfo) -> datetime:
    """The start of working hours so many working days after the deadline's day."""
    day = calendar.shift(deadline.astimezone(zone).date(), working_days)
    return datetime.combine(day, hours.start, zone)


def may_leave(now: datetime, hours: Hours, calendar: WorkCalendar, zone: tzinfo) -> bool:
    """Whether reminders may leave now: a working day, from the first to before the last minute of working hours."""
    local = now.astimezone(zone)
    return hours.start <= local.time() < hours.to and calendar.is_workday(local.date())


def next_leaving(now: datetime, hours: Hours, calendar: WorkCalendar, zone: tzinfo) -> datetime:
    """The next moment, from ``now`` on, at which reminders may leave; in the office's zone."""
    local = now.astimezone(zone)
    if may_leave(now, hours, calendar, zone):
        return local
    tomorrow = local.date() + timedelta(days=1)
    day = calendar.next_workday(local.date() if local.time() < hours.start else tomorrow)
    return datetime.combine(day, hours.start, zone)


def due_stage(
    reminders: Reminders,
    deadline: datetime,
    now: datetime,
    calendar: WorkCalendar,
    zone: tzinfo,
    *,
    sent: Collection[str],
    since: datetime,
    to: Recipient = "unit",
) -> Stage | None:
    """The one reminder to send now for an obligation that is still owed, or None; the table above.

    ``to`` has a ladder of his own: a letter to the lead department of a group does not take the place of what the
    unit itself is to be told. ``sent`` holds the ids of the stages that were sent, or queued, for this
    obligation; an id that the file no longer has counts for nothing. ``since`` is the bot's first run. Does not
    know whether the unit has reported: the caller asks only for what is still owed, and asks again in the moment
    of sending.
    """
    found = reached(reminders, deadline, now, calendar, zone, since=since, to=to)
    return None if not found or any(stage.id in sent for stage in found) else found[0]


def reached(
    reminders: Reminders,
    deadline: datetime,
    now: datetime,
    calendar: WorkCalendar,
    zone: tzinfo,
    *,
    since: datetime,
    to: Recipient = "unit",
) -> tuple[Stage, ...]:
    """The stage that is due now if neither it nor a later one was sent, and those that come after it; nothing when none
    is. The same for every obligation of one deadline."""
    passed = now > deadline
    if not may_leave(now, reminders.hours, calendar, zone) or (passed and deadline < since):
        return ()
    stages = [stage for stage in reminders.stages if stage.to == to]
    useful = [
        place
        for place, stage in enumerate(stages)
        if (stage.when == "after") == passed and moment(stage, deadline, reminders.hours, calendar, zone) <= now
    ]
    return tuple(stages[useful[-1] :]) if useful else ()
