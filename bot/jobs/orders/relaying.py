"""回复: what the office says to whoever wrote, in a letter under the office's name."""

from typing import Any

from sqlalchemy import Row

from bot.jobs.enqueuing import enqueue
from bot.jobs.orders.errands import Errand, Refusal, Result
from bot.letters.render import OFFICE_SAYS
from bot.model.deciding import LetterDraft
from bot.record import people, questions, runs

RELAYED = "relayed"  # the letter


def relay(e: Errand, row: Row[Any], said: dict[str, Any]) -> Result:
    """Queues the letter. A question about mere words is answered with it; a report goes on waiting."""
    if not row.sender:
        raise Refusal("nobody_to_answer", {"number": row.number})
    if row.report_id is None and not runs.claim_run(e.conn, questions.ANSWERED, str(row.number), e.now):
        raise Refusal("no_question", {"number": row.number})
    posts = people.at_address(e.conn, row.sender, e.now.astimezone(e.bot.zone).date())
    reason = e.order.arguments.reason or ""
    context = {
        "person": next((post.name for post in posts if post.name), ""),
        "units": list(dict.fromkeys(post.unit for post in posts)),
        "original_subject": row.subject or "",
        "received_at": row.received_at,
        OFFICE_SAYS: reason,
        "waits": row.report_id is not None,
    }
    draft = LetterDraft(
        key=f"{RELAYED}:{row.number}:{e.given.mail_id or e.now.isoformat()}",
        letter=RELAYED,
        to=row.sender,
        context=context,
        reply_to=row.message_id,
        subject_of=row.subject or "",
    )
    enqueue(e.bot, e.conn, draft, e.now, row.mail_id)
    return Result({**said, "reason": reason})
