"""Reasons that liaisons give for a warning, and how a report came that was no file."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables and columns that this schema adds to the one before."""
    op.create_table(
        "explanation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("said_at", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_explanation_mail_id_mail")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_explanation")),
    )
    op.create_index(op.f("ix_explanation_mail_id"), "explanation", ["mail_id"])
    # Nothing refers to finding, so SQLite may build it anew.
    with op.batch_alter_table("finding") as batch:
        batch.add_column(sa.Column("explanation_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_finding_explanation_id_explanation"), "explanation", ["explanation_id"], ["id"]
        )
    op.add_column("report", sa.Column("origin", sa.String(), nullable=False, server_default=""))
