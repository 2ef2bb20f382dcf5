"""The tables. Rows are added and marked, never erased; every time is UTC.

``HEAD`` is the newest migration: opening a record compares it before it imports Alembic at all.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bot.record.columns import UtcDateTime, metadata
from bot.record.naming import Owed, UnitKey
from bot.record.schema_office import absence, act, bulletin, dispensation, explanation, habit, judged_by, known, pending

__all__ = [
    "absence",
    "act",
    "bulletin",
    "dispensation",
    "explanation",
    "habit",
    "judged_by",
    "known",
    "metadata",
    "pending",
]
HEAD = "0008"


# Facts about this record itself: secret of the tokens, first run, last good poll.
meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False))

# How far each folder is known: every UID up to seen_upto has a row in place.
folder = Table(
    "folder",
    metadata,
    Column("name", String, primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("seen_upto", BigInteger, nullable=False),
    Column("swept_at", UtcDateTime, nullable=False),
)

# One row for each different mail (by the hash of its bytes); state: new, done, aside (a person's turn).
mail = Table(
    "mail",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("archived_at", UtcDateTime, nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("claimed_until", UtcDateTime),
    Column("message_id", Text),
    Column("sender", Text),
    Column("shown_from", Text),
    Column("subject", Text),
    Column("outcome", String(16)),
    Column("why", Text),
    Column("done_at", UtcDateTime),
    Index("ix_mail_state_received_at", "state", "received_at"),
)

# Its bytes, unless it was too large to fetch. Apart from what changes and is asked for: SQLite writes a row anew as a
# whole, and reads past the bytes to what stands behind them.
raw = Table(
    "raw",
    metadata,
    Column("mail_id", ForeignKey("mail.id"), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

# Where a mail lay. The queue of a poll is every UID without a row here.
place = Table(
    "place",
    metadata,
    Column("folder", String, primary_key=True),
    Column("uidvalidity", BigInteger, primary_key=True),
    Column("uid", BigInteger, primary_key=True),
    Column("mail_id", ForeignKey("mail.id"), nullable=False, index=True),
    Column("filed", Boolean, nullable=False, default=False),
)

# One version of one form. version counts the accepted ones only; the others have none. sender_unit is the
# sender's own, if one; on_time was judged by deadline; about is the period, or the one that was open when nobody can
# tell the period; origin is empty for a file, else how a reply said it. settled: what the office decided of one that
# waited.
report = Table(
    "report",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mail_id", ForeignKey("mail.id"), nullable=False, index=True),
    Column("form", String, nullable=False),
    Column("unit", UnitKey),
    Column("sender_unit", UnitKey),
    Column("period", String(7)),
    Column("about", String(7), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("why", String, nullable=False, default=""),
    Column("version", Integer),
    Column("on_time", Boolean),
    Column("deadline", UtcDateTime),
    Column("received_at", UtcDateTime, nullable=False),
    Column("first_received_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("filled_on", Date),
    Column("reporter", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("sheet", Text, nullable=False),
    Column("numbers", JSON, nullable=False),
    Column("origin", String, nullable=False, server_default=""),
    Column("content", JSON, nullable=False, server_default="[]"),
    Column("settled", String, nullable=False, server_default=""),
    UniqueConstraint("form", "unit", "period", "version"),
    Index("ix_report_form_period", "form", "period", "outcome"),
    Index("ix_report_form_about", "form", "about", "outcome"),
)

finding = Table(
    "finding",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("report_id", ForeignKey("report.id"), nullable=False, index=True),
    Column("check_id", String, nullable=False),
    Column("case_id", String, nullable=False),
    Column("severity", String(8), nullable=False),
    Column("place", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Column("explanation_id", ForeignKey("explanation.id")),
)

# What a person must see; told_at is set when it stood in a letter to the office, told_in names the bundle. Its id is
# the number by which the office answers, where it asks about a report that waits or a letter that is held.
attention = Table(
    "attention",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mail_id", ForeignKey("mail.id"), index=True),
    Column("letter_id", ForeignKey("letter.id")),
    Column("report_id", ForeignKey("report.id")),
    Column("kind", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("unit", UnitKey),
    Column("form", String),
    Column("period", String(7)),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),
    Column("told_in", String),
)

# The outbox. key makes a letter once; state: unmade, held, queued, sending, sent, failed, cancelled.
letter = Table(
    "letter",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("letter", String, nullable=False),
    Column("to", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("token", String(16), nullable=False, unique=True),
    Column("message_id", Text, nullable=False, index=True),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("answer", Text, nullable=False, default=""),
    Column("mail_id", ForeignKey("mail.id"), index=True),
    Column("obligations", Owed, nullable=False),
    Column("only_while_owed", Boolean, nullable=False),
    Index("ix_letter_state_due_at", "state", "due_at"),
    Index("ix_letter_to_queued_at", "to", "queued_at", "mail_id"),  # all that the answers to one address are counted by
    Index("ix_letter_sent_at", "sent_at"),
)

# Its bytes, as they leave; apart, as those of a mail are. Of a letter that is unmade, its draft (bot.letters.kept).
mime = Table(
    "mime",
    metadata,
    Column("letter_id", ForeignKey("letter.id"), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

# Append-only: what happened to each mail, why each letter was written, who changed what.
event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("what", String, nullable=False),
    Column("mail_id", ForeignKey("mail.id"), index=True),
    Column("letter_id", ForeignKey("letter.id"), index=True),
    Column("report_id", ForeignKey("report.id")),
    Column("detail", JSON, nullable=False),
)

# What a timed job has done, written in the transaction that queues its letters.
job_run = Table(
    "job_run",
    metadata,
    Column("job", String, primary_key=True),
    Column("period_key", String, primary_key=True),
    Column("ran_at", UtcDateTime, nullable=False),
)

# A person at a unit, from a day to a day (exclusive); one address may stand at several units.
liaison = Table(
    "liaison",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit", UnitKey, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("mobile", Text, nullable=False),
    Column("email", String, nullable=False, index=True),
    Column("since", Date, nullable=False),
    Column("until", Date),
)

# How many enterprises a unit has registered, by category: the base of every rate.
base = Table(
    "base",
    metadata,
    Column("unit", UnitKey, primary_key=True),
    Column("form", String, primary_key=True),
    Column("group_id", String, primary_key=True),
    Column("registered", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

# Addresses whose mail came back for good.
dead_address = Table(
    "dead_address",
    metadata,
    Column("email", String, primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("diagnostic", Text, nullable=False),
)
