"""What today's rules would decide about an archived mail, beside what was decided. Only reads.

    archive -> opened -> intent_of(.., then) -> Decision <-> the record's -> differences

The mail is judged as of the moment when it was worked off: reports, reasons, announcements and liaisons of that time.
What has no history is as it is today: registered bases, whom the office let off, ``answer_from``, the programs that
open old files and pictures.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row

from bot.deciding.comparing import Decided, Decision, decision_of, differences
from bot.errors import MailEnded, TooComplex
from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.jobs.understand import Then, intent_of
from bot.letters.tokens import tokens_in
from bot.record import archive, correspondence, history
from bot.record.versions import WITHDRAWN

Result = Literal["same", "differs", "skipped"]
ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Replayed:
    """One mail, decided again. ``why`` says why it was skipped; ``differences`` a line for each."""

    mail_id: int
    result: Result
    was: Decision
    would: Decision | None = None
    differences: tuple[str, ...] = ()
    why: str = ""


def replay(bot: Bot, mail_id: int) -> Replayed | None:
    """Decides a mail again. None if there is none of that number, or it has no fate yet."""
    with bot.record.read() as conn:
        came = history.mail_of(conn, mail_id)
        raw = archive.raw_of(conn, mail_id) if came else None
        if came is None or came.state == "new":
            return None
        was = _was(conn, came)
    if raw is None:
        return Replayed(mail_id, "skipped", was, why="it was too large to keep")
    try:
        opened = bot.opener.open(raw)
    except (TooComplex, MailEnded):
        return _compared(mail_id, was, Decision(ASIDE))
    with bot.record.read() as conn:
        if why := _not_comparable(conn, came, opened):
            return Replayed(mail_id, "skipped", was, why=why)
        then = Then(came.done_at, history.report_after(conn, came))
        return _compared(mail_id, was, decision_of(intent_of(opened, bot, conn, came.done_at, then=then)))


def _compared(mail_id: int, was: Decision, would: Decision) -> Replayed:
    found = tuple(differences(_as_json(was), _as_json(would)))
    return Replayed(mail_id, "differs" if found else "same", was, would, found)


def _as_json(decision: Decision) -> Decision:
    """What was kept went through JSON: so does what it is compared with."""
    forms = (
        Decided(
            **{
                **{name: getattr(f, name) for name in Decided.__slots__},
                "numbers": json.loads(json.dumps(f.numbers)),
                "content": json.loads(json.dumps(f.content)),
            }
        )
        for f in decision.forms
    )
    return Decision(decision.outcome, tuple(forms), decision.repeats)


def _not_comparable(conn: Connection, came: Row[Any], opened: Opened) -> str:
    """Why a mail cannot be decided again as on its day, or an empty string: what words mean depends on what was asked,
    confirmed and ordered by then, and is answered by now."""
    mail = opened.mail
    if mail.automatic or any(d.forms for d in opened.documents):
        return ""
    if came.why == "orders":
        return "it gave orders"
    answered = correspondence.by_token_or_id(conn, tokens_in(mail.subject), mail.answers)
    return "it is a reply in words" if answered is not None and opened.words.strip() else ""


def _was(conn: Connection, came: Row[Any]) -> Decision:
    """What the record says of a mail."""
    if came.state == ASIDE:
        return Decision(ASIDE)
    forms = tuple(_kept(conn, row) for row in history.first_decided(conn, came))
    return Decision(came.outcome, forms, history.repeats_of(conn, came))


def _kept(conn: Connection, row: Row[Any]) -> Decided:
    noted = ((f.check_id, f.case_id, f.severity, f.place) for f in history.findings_of(conn, row.id))
    return Decided(
        row.form,
        row.document,
        row.sheet,
        "accepted" if row.outcome == WITHDRAWN else row.outcome,
        row.why,
        row.unit,
        row.period,
        row.on_time,
        row.numbers,
        row.content,
        tuple(noted),
    )
