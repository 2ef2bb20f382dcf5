"""Forms, mails and senders for the tests of what is pure: as they stand after reading, without any file."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.deciding.decide import Policy
from bot.deciding.whichperiod import Campaign
from bot.deciding.whose import KnownSender
from bot.model.deciding import Accepted, Numbers
from bot.model.forms import Cell, Count, Document, Form, Unreadable, Written
from bot.model.mail import Mail
from bot.reading.cells import a1
from bot.reading.written import count
from tests.books import ANNEX4, COUNTS, WORDS

BEIJING = ZoneInfo("Asia/Shanghai")
HOST_ZONES = ("UTC", "America/Los_Angeles", "Asia/Shanghai")
CAMPAIGN = Campaign("2017-06", "2019-12")
WUTU = KnownSender(("五图街道",), "李明")
TWO_POSTS = KnownSender(("五图街道", "乔官镇"), "李明")
STRANGER = KnownSender()
POLICY = Policy(datetime(2017, 6, 1, tzinfo=BEIJING), 10)
SUMS: tuple[Cell, ...] = (8, 4, 20)
FIELDS = {
    "unit": ("五图街道办事处", "A3"),
    "period": ("6 月", "A2"),
    "filled_on": ("2017年7月3日", "H3"),
    "reporter": ("李明", "A10"),
    "phone": ("0536-6221234", "A10"),
}


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@contextmanager
def host_in(zone: str) -> Iterator[None]:
    """The process runs on a host whose clock shows another zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


def cell(value: Cell, place: str = "") -> Count:
    return count(value, place, WORDS)


def numbers(*values: int) -> Numbers:
    """Twelve numbers in the order of the paper."""
    assert len(values) == 12
    each = iter(values)
    return {g.id: {c.id: next(each) for c in ANNEX4.columns} for g in ANNEX4.groups}


NUMBERS = numbers(*COUNTS)


def form(
    counts: Sequence[Cell] = COUNTS,
    sums: Sequence[Cell] = SUMS,
    total: Cell = 32,
    without: Sequence[str] = (),
    **texts: str,
) -> Form:
    """The official layout, filled in. ``texts`` changes labelled texts, ``without`` takes labels away."""
    each = iter(enumerate(counts, start=1))
    cells: dict[str, dict[str, Count]] = {}
    for group in ANNEX4.groups:
        cells[group.id] = {}
        for column in ANNEX4.columns:
            index, value = next(each)
            cells[group.id][column.id] = cell(value, a1(6, index))
    places = dict(zip((g.id for g in ANNEX4.groups), ("B8", "F8", "J8"), strict=True))
    stated = {g: cell(value, places[g]) for g, value in zip(places, sums, strict=True)}
    fields = {id_: Written(texts.get(id_, text), place) for id_, (text, place) in FIELDS.items() if id_ not in without}
    return Form("annex4", "Sheet1", fields, cells, stated, cell(total, "B9"))


def accepted(given: Numbers = NUMBERS, period: str = "2017-06", version: int = 1, **changes: Any) -> Accepted:
    at = beijing("2017-07-03T10:00:00")
    values: dict[str, Any] = {"report_id": 1, "unit": "五图街道", "form": "annex4", "received_at": at}
    values |= {"first_received_at": at, **changes}
    return Accepted(period=period, version=version, numbers=given, **values)


def mail(**changes: Any) -> Mail:
    values: dict[str, Any] = {
        "sha256": "5" * 64,
        "received_at": beijing("2017-07-03T10:00:00"),
        "message_id": "<1@town.example>",
        "sender": "wutu@town.example",
        "shown_from": "李明 <wutu@town.example>",
        "subject": "报送附件4",
        "text": "请查收。",
        "html": "",
        "answers": (),
        "automatic": None,
        "authentication": "unknown",
        "bounce": None,
        "attachments": (),
        "refused": (),
    }
    return Mail(**{**values, **changes})


def document(*forms: Form, name: str = "附件4.xlsx", kind: str = "xlsx", unreadable: str = "") -> Document:
    return Document(name, kind, forms, Unreadable(unreadable) if unreadable else None)


def at_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
