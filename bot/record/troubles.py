"""What the bot has noticed about itself: kept as JSON under one key, because it is only ever looked at as a whole."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.deciding.watching import Trouble
from bot.record import runs
from bot.record.schema import meta

KEY = "troubles"
TIMES = ("since", "seen_at", "told_at", "well_since")


def known(conn: Connection) -> dict[str, Trouble]:
    """Every condition that was seen and has not ended, by its key."""
    return _read(runs.get(conn, KEY))


def known_alone(conn: Connection) -> dict[str, Trouble]:
    """The same; until this transaction ends no other worker gets them here, so that none is told twice."""
    runs.insert_once(conn, meta, {"key": KEY, "value": "{}"})
    return _read(conn.execute(select(meta.c.value).where(meta.c.key == KEY).with_for_update()).scalar())


def keep(conn: Connection, troubles: dict[str, Trouble]) -> None:
    """Keeps the present troubles, and no others."""
    runs.put(conn, KEY, json.dumps({key: _written(trouble) for key, trouble in troubles.items()}, ensure_ascii=False))


def _read(text: str | None) -> dict[str, Trouble]:
    return {key: Trouble(**_values(row)) for key, row in json.loads(text or "{}").items()}


def _values(row: dict[str, Any]) -> dict[str, Any]:
    return {k: datetime.fromisoformat(v) if k in TIMES and v else v for k, v in row.items()}


def _written(trouble: Trouble) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(trouble).items()}
