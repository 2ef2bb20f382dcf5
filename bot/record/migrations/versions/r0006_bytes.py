"""The bytes of mails and letters in tables of their own; an index that the answers to an address can be counted by."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Moves the bytes, one kind after the other. A SQLite file grows by their size while this runs, and no more."""
    for table, key, parent, column in (("raw", "mail_id", "mail", "raw"), ("mime", "letter_id", "letter", "mime")):
        op.create_table(
            table,
            sa.Column(key, sa.Integer(), nullable=False),
            sa.Column("data", sa.LargeBinary(), nullable=False),
            sa.ForeignKeyConstraint([key], [f"{parent}.id"], name=op.f(f"fk_{table}_{key}_{parent}")),
            sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
        )
        op.execute(f"INSERT INTO {table} ({key}, data) SELECT id, {column} FROM {parent} WHERE {column} IS NOT NULL")
        op.drop_column(parent, column)
    op.create_index(op.f("ix_letter_to_queued_at"), "letter", ["to", "queued_at", "mail_id"])
    op.drop_index(op.f("ix_letter_to"), "letter")
