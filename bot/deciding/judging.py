"""Judges a placed form against its history: every finding, and what happens to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.deciding.checks import Context, check
from bot.deciding.deadlines import late_days
from bot.deciding.findings import bounded, finding
from bot.deciding.listed import is_known
from bot.deciding.placing import Placed
from bot.deciding.rowchecks import Elsewhere, check_rows
from bot.model.deciding import Accepted, Finding, Judged, Outcome, Ruling, Shrunk
from bot.model.mail import Mail
from bot.model.people import Liaison
from bot.model.replies import Said
from bot.rules.rows import RowsRule
from bot.rules.words import Words


@dataclass(frozen=True, slots=True)
class Past:
    """What the record holds about a unit and a period. ``current`` is the version in force, ``earlier``
    the last report of an earlier period, ``later`` the first of a later one, ``base`` the registered numbers by
    category; ``open_reported`` tells whether the month that is welcome now has been reported; ``explained`` are the
    findings that the unit has given a reason for, and is not asked again (see ``what_of``). ``elsewhere`` tells of the
    names in a form of rows where else each is registered; ``liaisons`` are the unit's own today. ``locked`` tells that
    the period was announced in a bulletin; ``numbered`` is the number of the last version, a withdrawn one
    with it; ``registered`` are the numbers in force that a form of rows would replace."""

    current: Accepted | None = None
    earlier: Accepted | None = None
    base: Mapping[str, int] | None = None
    open_reported: bool = False
    explained: frozenset[str] = frozenset()
    elsewhere: Mapping[str, Sequence[Elsewhere]] = field(default_factory=dict)
    liaisons: tuple[Liaison, ...] = ()
    locked: bool = False
    later: Accepted | None = None
    numbered: int = 0
    registered: Mapping[str, int] | None = None


NO_PAST = Past()
EARLIER = "earlier"  # the case of the check of the month: it was reported before, and the open one is missing
UNPROVEN = "unproven"  # why a correction waits for its sender's yes
SHRUNK = "shrunk"  # why a list waits for its sender's word whether it is the whole one


def what_of(check: str, values: Mapping[str, str | int]) -> str:
    """A finding by what it says: the same numbers again are the same finding, whatever the version or the month."""
    return repr((check, sorted(values.items())))


def judge(placed: Placed, past: Past, words: Words) -> Judged:
    """The findings, in the order of the form: whose, which month, numbers, reporter."""
    context = Context(placed.rule, words, past.earlier, past.base, past.later, past.current)
    found: list[Finding | None] = [placed.whose.finding, placed.when.finding, _forgotten_month(placed, past, words)]
    if isinstance(placed.rule, RowsRule):
        found += check_rows(placed.form, placed.rule, words, past.elsewhere)
    elif placed.rule.kind == "matrix":
        found += check(placed.form, placed.numbers, context)
    fields = placed.form.fields
    return Judged(
        placed.form,
        placed.document,
        placed.whose.unit,
        placed.when.period,
        placed.filled_on,
        fields["reporter"].text if "reporter" in fields else "",
        fields["phone"].text if "phone" in fields else "",
        placed.numbers,
        bounded([f for f in found if f is not None and what_of(f.check, f.values) not in past.explained], words),
        placed.content,
    )


def _forgotten_month(placed: Placed, past: Past, words: Words) -> Finding | None:
    """New numbers for a month that was reported already, while the present one is missing: most likely
    the file of last month with its heading left as it was."""
    period, open_now = placed.when.period, placed.when.open
    if period is None or period >= open_now or past.open_reported or past.current is None:
        return None
    if (past.current.numbers, past.current.content) == (placed.numbers, placed.content):
        return None
    written = placed.form.fields.get("period")
    place = written.place if written else ""
    return finding(
        placed.rule,
        "period",
        EARLIER,
        place,
        ("field", "period"),
        written=words.month_text(period),
        expected=words.month_text(open_now),
    )


def says_the_same(before: Accepted, judged: Judged) -> bool:
    """Whether a report says what is on record already."""
    return before.numbers == judged.numbers and before.content == judged.content


def agrees(draft: Judged, exact: Judged) -> bool:
    """Whether every number that was recognised on a picture is that of the workbook."""
    known = [(g, c, n) for g, columns in draft.numbers.items() for c, n in columns.items()]
    return bool(known) and all(exact.numbers.get(g, {}).get(c) == n for g, c, n in known)


def why_waiting(mail: Mail, placed: Placed, past: Past = NO_PAST) -> str:
    """Why only a person can decide about this form: a key of ``[waiting]``, or an empty string."""
    if mail.sender is None:
        return "ambiguous_sender"
    if mail.authentication == "fail":
        return "authentication"
    if mail.automatic:
        return "machine"
    nothing = any(rival.kind == "parts" for rival in placed.form.rivals)  # to confirm: it goes back
    if placed.whose.waiting or (placed.form.confidence == "confirm" and not nothing):
        return placed.whose.waiting or "confirm"
    # Whoever is named in it is believed from then on: the office decides, unless it says nothing new.
    appoints = isinstance(placed.rule, RowsRule) and placed.rule.appoints and placed.whose.unit is not None
    known = appoints and is_known(placed.content, placed.whose.unit or "", mail.sender, past.liaisons)
    return "liaison" if appoints and not known else ""


def held_by(said: Said) -> str:
    """Why a form waits because of the words beside it: a key of ``[waiting]``, or an empty string."""
    return {"hold": "held_back", "corrects": "corrected_in_words"}.get(said.note, "") if said.beside else ""


def rule_on(
    placed: Placed,
    judged: Judged,
    past: Past,
    waiting: str,
    deadline: datetime | None,
    received_at: datetime,
    *,
    proven: bool = True,
    shrunk: Shrunk | None = None,
) -> Ruling:
    """What happens to one form. ``waiting`` is why a person must decide, or empty; it comes before errors,
    because a report whose owner is uncertain is answered with nothing about its content. ``proven``: it is surely its
    sender's own; else it changes no number that counts before he has confirmed it. ``shrunk``: it is a list that
    loses most of its rows."""
    outcome: Outcome = "accepted"
    arrived = placed.arrived_at or received_at
    if waiting:
        outcome = "waiting"
    elif any(f.severity == "error" for f in judged.findings) or not (judged.unit and judged.period):
        outcome = "returned"
    elif past.current is not None and says_the_same(past.current, judged):
        outcome = "duplicate"
    elif past.locked and past.current is not None:  # what came for the first time still owes, and is taken
        outcome, waiting = "waiting", "locked"
    elif past.current is not None and past.current.received_at > arrived:
        outcome, waiting = "waiting", "older"  # its first attempts failed, and a correction has overtaken it
    elif shrunk is not None:
        outcome, waiting = "waiting", SHRUNK
    elif past.current is not None and not proven and judged.numbers:
        outcome, waiting = "waiting", UNPROVEN
    ruling = Ruling(
        judged,
        outcome,
        waiting,
        before=past.current,
        base=past.base,
        about=judged.period or placed.when.open,
        sender_unit=placed.whose.sender,
        arrived_at=placed.arrived_at,
        shrunk=shrunk if waiting == SHRUNK else None,
    )
    if deadline is None:
        return ruling
    # A corrected version is judged by what held for the first one.
    deadline = (past.current and past.current.deadline) or deadline
    first = past.current.first_received_at if past.current else arrived
    version = max(past.numbered, past.current.version if past.current else 0) + 1
    on_time = late_days(first, deadline, deadline.tzinfo or UTC) == 0
    return replace(ruling, version=version, deadline=deadline, on_time=on_time)


def without_repeats(rulings: list[Ruling]) -> list[Ruling]:
    """One mail may carry the same report twice: the second is a duplicate, and so is the stamped scan of a workbook,
    as long as no other number was recognised. Two different ones for the same unit and month are for a person, both
    of them."""
    accepted: dict[tuple[str, str | None, str | None], list[int]] = {}
    for index, ruling in enumerate(rulings):
        if ruling.outcome == "accepted" or ruling.why == UNPROVEN:
            judged = ruling.judged
            accepted.setdefault((judged.form.form, judged.unit, judged.period), []).append(index)
    for index, ruling in enumerate(rulings):
        judged = ruling.judged
        twins = accepted.get((judged.form.form, judged.unit, judged.period), ())
        if ruling.why == "confirm" and any(agrees(judged, rulings[i].judged) for i in twins):
            rulings[index] = replace(ruling, outcome="duplicate", why="")
    for indices in accepted.values():
        first, *others = (rulings[i] for i in indices)
        said = (first.judged.numbers, first.judged.content)
        if all((o.judged.numbers, o.judged.content) == said for o in others):
            changes: dict[int, Ruling] = {i: replace(rulings[i], outcome="duplicate", why="") for i in indices[1:]}
        else:
            changes = {i: replace(rulings[i], outcome="waiting", why="conflict") for i in indices}
        for i, ruling in changes.items():
            rulings[i] = ruling
    return rulings
