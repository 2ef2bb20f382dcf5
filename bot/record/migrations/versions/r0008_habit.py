"""How the provider usually vouches for an address: what is weaker than that is asked about."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table that this schema adds to the one before."""
    op.create_table(
        "habit",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("method", sa.String(length=5), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("lacked", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("address", "method", name=op.f("pk_habit")),
    )
