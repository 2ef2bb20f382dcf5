"""The year plan: a whole year, the rest of one, one whose days off are not announced."""

from datetime import date, datetime, timedelta
from typing import Any

from bot.model.deciding import LetterDraft, LetterFile
from tests.letters.values import BEIJING, WORDS

FREE = {2, 3, 8, 10, 11}  # months of 2017 whose 5th is not worked


def day(month: int, **changes: Any) -> dict[str, Any]:
    """A deadline of 2017."""
    deadline = datetime(2017, month, 5, 23, 59, 59, tzinfo=BEIJING)
    period = f"{deadline - timedelta(days=20):%Y-%m}"
    plain = {"form_name": "附件4", "words": WORDS, "period": period, "deadline": deadline, "worked": month not in FREE}
    return {**plain, "moved_from": None, **changes}


def year_plan(*days: dict[str, Any], **changes: Any) -> LetterDraft:
    context = {
        "person": "李明",
        "units": ["五图街道"],
        "for_staff": False,
        "year": 2017,
        "rest": False,
        "guess": False,
        "days": list(days),
        "file": "2017年报送日程.ics",
    }
    assert changes.keys() <= context.keys()
    return LetterDraft(
        key="year_plan:2017:liming@wutu.example",
        letter="year_plan",
        to="liming@wutu.example",
        context={**context, **changes},
        files=(LetterFile("2017年报送日程.ics", b"BEGIN:VCALENDAR", "text/calendar"),),
    )


WHOLE = year_plan(*(day(month) for month in range(1, 13)), units=["五图街道", "乔官镇"])
MOVED = day(8, deadline=datetime(2017, 8, 7, 23, 59, 59, tzinfo=BEIJING), worked=True, moved_from=date(2017, 8, 5))
PLAN = day(6, form_name="实施方案", period=None)
REST = year_plan(PLAN, day(7), MOVED, day(9), rest=True, person="", units=[], for_staff=True)
GUESSED = year_plan(day(1), day(2), guess=True)
