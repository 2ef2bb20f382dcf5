"""The bytes of a mail in a table of their own; an index that the answers to an address can be counted by."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Moves the bytes. In SQLite the file grows by the size of the mails while this runs, and no more."""
    op.create_table(
        "raw",
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_raw_mail_id_mail")),
        sa.PrimaryKeyConstraint("mail_id", name=op.f("pk_raw")),
    )
    op.execute("INSERT INTO raw (mail_id, data) SELECT id, raw FROM mail WHERE raw IS NOT NULL")
    op.drop_column("mail", "raw")
    op.create_index(op.f("ix_letter_to_queued_at"), "letter", ["to", "queued_at", "mail_id"])
    op.drop_index(op.f("ix_letter_to"), "letter")
