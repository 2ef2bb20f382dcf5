"""What a report says besides its numbers, and what the office decided of one that waited."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables and columns that this schema adds to the one before."""
    op.add_column("report", sa.Column("content", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("report", sa.Column("settled", sa.String(), nullable=False, server_default=""))
