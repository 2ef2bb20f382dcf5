"""What came and went: known units and forms, absences, deadlines as they were; the deadline of each report.

Units stand by their ids from here on. Which name is whose only the rules know: ``bot.jobs.known`` puts the ids in the
place of the names when they are first at hand.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables and the column that this schema adds to the one before."""
    op.create_table(
        "known",
        sa.Column("what", sa.String(length=4), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("heir", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("what", "id", name=op.f("pk_known")),
    )
    op.create_table(
        "absence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_table(
        "judged_by",
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("deadline", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("form", "period", name=op.f("pk_judged_by")),
    )
    op.add_column("report", sa.Column("deadline", sa.DateTime(), nullable=True))
