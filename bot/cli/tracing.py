"""``explain NUMBER``: everything that is known about one letter of ours and its report, from the raw mail on.

Telephone numbers and addresses stand here, and nowhere in a log: this is asked for by hand, on the bot's own machine.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bot.cli.common import print_json, print_table

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from bot.jobs.parts import Bot

NUMBER = re.compile(r"[A-Z0-9]{8}")
LETTER = ("key", "letter", "to", "subject", "token", "state", "attempts", "queued_at", "sent_at", "answer")
MAIL = (
    *("id", "message_id", "sender", "shown_from", "subject", "received_at", "archived_at", "size", "sha256"),
    *("state", "outcome", "why", "attempts", "done_at"),
)
REPORT = (
    *("id", "form", "unit", "sender_unit", "period", "outcome", "why", "version", "on_time", "received_at"),
    *("first_received_at", "recorded_at", "filled_on", "reporter", "phone", "document", "sheet", "origin", "settled"),
    *("numbers", "content"),
)
BRIEF = ("id", "mail_id", "outcome", "why", "version", "on_time", "received_at")
FINDING = ("check_id", "case_id", "severity", "place", "message", "reason", "said_at")
SEEN = ("kind", "detail", "unit", "period", "opened_at", "told_at")


def number_in(text: str) -> str | None:
    """The number of a letter, as it stands in a subject or is typed from one; None if it cannot be one."""
    plain = text.strip().upper()
    return plain if NUMBER.fullmatch(plain) else None


def trace(bot: "Bot", number: str) -> dict[str, Any] | None:
    """What is known, as ``explain NUMBER --json`` says it; None when no letter has this number."""
    from bot.record import history, outbox

    with bot.record.read() as conn:
        row = history.letter_of(conn, number)
        if row is None:
            return None
        about = {(o.unit, o.form, o.period) for o in outbox.obligations_of(row)}
        mail = history.mail_of(conn, row.mail_id) if row.mail_id is not None else None
        reports = history.reports_of(conn, mail.id) if mail else []
        if mail is None:  # a reminder answers no mail: what came of it
            reports = [report for item in sorted(about) for report in history.reports_about(conn, item)]
        about |= {(r.unit, r.form, r.period) for r in reports if r.unit and r.period}
        letters = history.letters_about(conn, row.mail_id, about)
        every = {row.id: row, **{letter.id: letter for letter in letters}}
        mail_ids = [mail.id] if mail else [r.mail_id for r in reports]
        happened = history.events_of(conn, mail_ids, every, [r.id for r in reports])
        return {
            "number": number,
            "letter": _shape(bot, row, LETTER),
            "mail": _mail(bot, conn, mail) if mail else None,
            "reports": [_report(bot, conn, r) for r in reports],
            "letters": [_shape(bot, letter, LETTER) for _, letter in sorted(every.items())],
            "attention": [_shape(bot, r, SEEN) for r in history.attention_of(conn, mail.id)] if mail else [],
            "events": [_event(bot, r, every) for r in happened],
        }


def _shape(bot: "Bot", row: "Row[Any]", columns: Iterable[str]) -> dict[str, Any]:
    """The columns, times in the office's zone."""
    from datetime import datetime

    values = {column: getattr(row, column) for column in columns}
    return {k: v.astimezone(bot.zone) if isinstance(v, datetime) else v for k, v in values.items()}


def _mail(bot: "Bot", conn: "Connection", row: "Row[Any]") -> dict[str, Any]:
    from bot.record import history

    places = [_shape(bot, p, ("folder", "uidvalidity", "uid", "filed")) for p in history.places_of(conn, row.id)]
    return {**_shape(bot, row, MAIL), "places": places}


def _report(bot: "Bot", conn: "Connection", row: "Row[Any]") -> dict[str, Any]:
    """One report, with what followed it and what else there is of the same unit, form and period."""
    from bot.record import history

    same = history.reports_about(conn, (row.unit, row.form, row.period)) if row.unit and row.period else []
    others = [_shape(bot, r, BRIEF) for r in same if r.id != row.id]
    later = [r for r in others if r["outcome"] == "accepted" and r["id"] > row.id]
    return {
        **_shape(bot, row, REPORT),
        "why": bot.rules.reasons.waiting.get(row.why, row.why),
        "findings": [_shape(bot, f, FINDING) for f in history.findings_of(conn, row.id)],
        "superseded_by": later[0] if later else None,
        "others": others,
    }


def _event(bot: "Bot", row: "Row[Any]", letters: dict[int, "Row[Any]"]) -> dict[str, Any]:
    about = {"mail": row.mail_id, "report": row.report_id}
    about["letter"] = letters[row.letter_id].key if row.letter_id in letters else None
    return {**_shape(bot, row, ("at", "what")), **about, "detail": row.detail}


def show(found: dict[str, Any], as_json: bool) -> None:
    """For programs whole, for people as tables."""
    if as_json:
        print_json(found)
        return
    print_table(f"letter {found['number']}", ["", ""], _pairs(found["letter"]))
    if found["mail"]:
        places = ", ".join(f"{p['folder']} {p['uidvalidity']}/{p['uid']}" for p in found["mail"]["places"])
        print_table("mail", ["", ""], _pairs({**found["mail"], "places": places}))
    for report in found["reports"]:
        _show_report(report)
    print_table("letters", ("key", "to", "state", "sent_at"), _rows(found["letters"], "key", "to", "state", "sent_at"))
    if found["attention"]:
        print_table("put before the office", SEEN, _rows(found["attention"], *SEEN))
    columns = ("at", "what", "mail", "report", "letter", "detail")
    print_table("what happened", columns, _rows(found["events"], *columns))


def _show_report(report: dict[str, Any]) -> None:
    parts = {k: v for k, v in report.items() if k not in ("findings", "others", "superseded_by", "content", "numbers")}
    later = report["superseded_by"]
    parts["superseded by"] = f"version {later['version']}, {later['received_at']}" if later else None
    print_table(f"report {report['id']}", ["", ""], _pairs(parts))
    for group, columns in report["numbers"].items():
        print_table("", ["", *columns], [[group, *columns.values()]])
    if report["content"]:
        print_table("", list(report["content"][0]), [list(row.values()) for row in report["content"]])
    if report["findings"]:
        print_table("findings", FINDING, _rows(report["findings"], *FINDING))
    if report["others"]:
        print_table("other versions", BRIEF, _rows(report["others"], *BRIEF))


def _pairs(values: dict[str, Any]) -> list[list[Any]]:
    return [[key, value] for key, value in values.items() if value not in (None, "")]


def _rows(items: list[dict[str, Any]], *columns: str) -> list[list[Any]]:
    return [[item[c] for c in columns] for item in items]
