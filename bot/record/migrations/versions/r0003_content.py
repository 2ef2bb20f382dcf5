"""What a report says besides its numbers: rows, or which document it is."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("report", sa.Column("content", sa.JSON(), nullable=False, server_default="[]"))
