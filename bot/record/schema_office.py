"""The tables of what people decided: reasons, orders, exemptions, announcements; and of what came and went."""

from sqlalchemy import JSON, Column, Date, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from bot.record.columns import UtcDateTime, metadata
from bot.record.naming import UnitKey
from bot.record.undoing import Undo

# The reason that a liaison gave, in a mail, for findings that asked for one.
explanation = Table(
    "explanation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mail_id", ForeignKey("mail.id"), nullable=False, index=True),
    Column("said_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
)

# What somebody ordered, and what takes it back (None: nothing does).
act = Table(
    "act",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("command", String, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("mail_id", ForeignKey("mail.id")),
    Column("token", String(16), index=True),
    Column("undo", Undo),
    Column("undone_at", UtcDateTime),
)

# An order that answered no letter, until its sender confirms it in reply to ours.
pending = Table(
    "pending",
    metadata,
    Column("letter_key", String, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("mail_id", ForeignKey("mail.id"), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

# More time for one report of one unit, or (until is empty) no report at all.
dispensation = Table(
    "dispensation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit", UnitKey, nullable=False),
    Column("form", String, nullable=False),
    Column("period", String(7), nullable=False),
    Column("until", Date),
    Column("reason", Text, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Index("ix_dispensation_form", "form", "period"),
)

# What was announced of a month. While released_at is empty, content is the last draft; then it never changes again.
bulletin = Table(
    "bulletin",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("form", String, nullable=False),
    Column("period", String(7), nullable=False),
    Column("drafted_at", UtcDateTime, nullable=False),
    Column("released_at", UtcDateTime),
    Column("content", JSON, nullable=False),
    UniqueConstraint("form", "period"),
)

# Every unit and form (what) that the rules ever named, by id, as they named it last. since is the day on which it was
# first seen, empty for what was there when the record began; until and heir tell of a unit that has become part of
# another.
known = Table(
    "known",
    metadata,
    Column("what", String(4), primary_key=True),
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("since", Date),
    Column("until", Date),
    Column("heir", String),
)

# A unit that owes nothing from a day on, until before another (empty: for good).
absence = Table(
    "absence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit", UnitKey, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("reason", Text, nullable=False),
    Column("ordered_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
)

# The deadline of a form for a period, as it was in force when it passed.
judged_by = Table(
    "judged_by",
    metadata,
    Column("form", String, primary_key=True),
    Column("period", String(7), primary_key=True),
    Column("deadline", UtcDateTime, nullable=False),
)

# How the provider vouched for an address so far: by spf, dkim or dmarc; not at all (none); or against it (fail). lacked
# counts the mails that were surely the sender's own, and did without the method, since it last passed.
habit = Table(
    "habit",
    metadata,
    Column("address", String, primary_key=True),
    Column("method", String(5), primary_key=True),
    Column("times", Integer, nullable=False),
    Column("lacked", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
)
