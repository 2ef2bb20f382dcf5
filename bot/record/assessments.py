"""The reports of a year: one statement, however many forms, units and months."""

from collections.abc import Collection

from sqlalchemy import Connection, and_, or_, select

from bot.model.assessment import Filed
from bot.record.schema import report


def filed(conn: Connection, forms: Collection[str], periods: Collection[str]) -> list[Filed]:
    """Accepted, returned and waiting reports of these forms about these periods, in the order of entry.

    An accepted one belongs to its period; of the others the period may be unsure, and ``about`` tells it.
    """
    query = (
        select(
            *(report.c.id, report.c.form, report.c.period, report.c.about, report.c.unit, report.c.sender_unit),
            *(report.c.outcome, report.c.why, report.c.version, report.c.received_at, report.c.first_received_at),
            report.c.deadline,
        )
        .where(
            report.c.form.in_(forms),
            or_(
                and_(report.c.outcome == "accepted", report.c.period.in_(periods)),
                and_(report.c.outcome.in_(("returned", "waiting")), report.c.about.in_(periods)),
            ),
        )
        .order_by(report.c.id)
    )
    return [
        Filed(
            report_id=row.id,
            form=row.form,
            period=row.period if row.outcome == "accepted" else row.about,
            unit=row.unit,
            sender_unit=row.sender_unit,
            outcome=row.outcome,
            why=row.why,
            version=row.version,
            received_at=row.received_at,
            first_received_at=row.first_received_at,
            deadline=row.deadline,
        )
        for row in conn.execute(query)
    ]
