"""What the lead departments of the inspection groups are told: the monthly report, the request to press an area."""

from typing import Any

from bot.model.deciding import LetterDraft
from tests.letters.values import DEADLINE, OTHER_WORDS, TITLE, WORDS, at, share, table

SECOND = {"name": "第二组", "lead": "安监局", "members": ["公安消防大队", "气象局"], "areas": ["朱刘街道"]}
NINTH = {
    "name": "第九组",
    "lead": "水利局",
    "members": ["农机局", "农业局"],
    "areas": ["首阳山旅游度假区", "高崖水库库区"],
}
REGISTER = {**OTHER_WORDS, "kind": "rows", "measure": "家", "total": "总计"}


def to_lead(letter: str, **context: Any) -> LetterDraft:
    return LetterDraft(key=f"{letter}:zhuliu", letter=letter, to="liu@anjian.example", context=context)


def pressed(unit: str, *owed: dict[str, Any], liaison: str = "陈刚", phone: str = "13805360002") -> dict[str, Any]:
    lines = [{**line, "unit": unit} for line in owed]
    return {"unit": unit, "liaison": liaison, "phone": phone, "email": "", "owed": lines}


def late(**changes: Any) -> dict[str, Any]:
    plain = {
        "form_name": "附件4",
        "form_title": TITLE,
        "words": WORDS,
        "period": "2017-06",
        "deadline": DEADLINE,
        "days_late": 14,
        "returned": False,
    }
    assert changes.keys() <= plain.keys()
    return {**plain, **changes}


def charge(group: dict[str, Any]) -> dict[str, Any]:
    return {key: group[key] for key in ("name", "lead", "areas")}


ONE_AREA: dict[str, Any] = {
    "person": "刘洋",
    "leads": ["安监局"],
    "groups": [charge(SECOND)],
    "areas": [pressed("朱刘街道", late())],
}
TWO_AREAS: dict[str, Any] = {
    "person": "",
    "leads": ["水利局"],
    "groups": [charge(NINTH)],
    "areas": [
        pressed(
            "首阳山旅游度假区",
            late(
                form_name="附件2",
                form_title="规模以上和高危生产经营单位基础情况表",
                words=REGISTER,
                period=None,
                deadline=at(6, 8, 23, 59),
                days_late=41,
            ),
            late(returned=True),
        ),
        pressed("高崖水库库区", late(), liaison="", phone=""),
    ],
}


def compared(label: str, reached: int, previous: int | None, *rest: Any) -> dict[str, Any]:
    base, target, gap = rest or (None, None, None)
    return {**share(label, reached, base, target, gap), "previous": previous}


def area(unit: str, **changes: Any) -> dict[str, Any]:
    """An area that reported June on time, and May before it."""
    plain = {
        "unit": unit,
        "state": "accepted",
        "received_at": at(7, 3, 10, 5),
        "days_late": 0,
        "liaison": "陈刚",
        "phone": "13805360002",
        "email": "chen@zhuliu.example",
        "numbers_of": "2017-06",
        "compared_with": "2017-05",
        "categories": [
            compared("规模以上企业", 8, 6, 10, 100, 2),
            compared("高危企业", 7, 7, 7, 100, 0),
            compared("其他生产经营单位", 17, 18),
        ],
        "total": compared("全部生产经营单位", 32, 31, None, 50, None),
        "table": None,
    }
    assert changes.keys() <= plain.keys()
    return {**plain, **changes}


def told(group: dict[str, Any], *areas: dict[str, Any]) -> dict[str, Any]:
    return {**group, "areas": list(areas)}


REPORTED: dict[str, Any] = {
    "person": "刘洋",
    "leads": ["安监局"],
    "form_name": "附件4",
    "form_title": TITLE,
    "words": WORDS,
    "period": "2017-06",
    "deadline": DEADLINE,
    "expected": 1,
    "received": 1,
    "on_time": 1,
    "owing": [],
    "groups": [told(SECOND, area("朱刘街道"))],
}
NO_NUMBERS: dict[str, Any] = {"numbers_of": None, "compared_with": None, "categories": [], "total": None}
# One area still has the numbers of May, the other has never had any; and a group whose area was late.
OWING: dict[str, Any] = {
    **REPORTED,
    "person": "孙丽",
    "leads": ["水利局", "安监局"],
    "expected": 3,
    "received": 1,
    "on_time": 0,
    "owing": [{"unit": "首阳山旅游度假区"}, {"unit": "高崖水库库区"}],
    "groups": [
        told(
            NINTH,
            area(
                "首阳山旅游度假区",
                state="missing",
                received_at=None,
                days_late=7,
                numbers_of="2017-05",
                compared_with=None,
                categories=[
                    compared("规模以上企业", 3, None, 5, 100, 2),
                    compared("高危企业", 1, None, 1, 100, 0),
                    compared("其他生产经营单位", 4, None, 30, None, None),
                ],
                total=compared("全部生产经营单位", 8, None, 36, 50, 10),
            ),
            area(
                "高崖水库库区",
                state="returned",
                received_at=at(7, 5, 9),
                days_late=7,
                liaison="",
                phone="",
                **NO_NUMBERS,
            ),
        ),
        told(SECOND, area("朱刘街道", state="late", received_at=at(7, 7, 8, 40), days_late=2)),
    ],
}
# What no report of the month says: waits, let off, more time; a form without targets, its numbers each month anew.
OTHERS: dict[str, Any] = {
    **REPORTED,
    "form_name": "隐患排查月报",
    "form_title": "安全隐患排查治理情况月报表",
    "words": OTHER_WORDS,
    "deadline": at(6, 25, 23, 59),
    "expected": 3,
    "groups": [
        told(
            {**SECOND, "members": []},
            area(
                "朱刘街道",
                received_at=at(6, 23, 16),
                categories=[compared("消防安全", 9, 7)],
                total=compared("全部合计", 9, 7),
                table=table(("消防安全", [6, 3, 0, 0], 9), total=9),
            ),
            area("宝都街道", state="waiting", **NO_NUMBERS),
            area("五图街道", state="exempt", received_at=None, **NO_NUMBERS),
            area("乔官镇", state="open", received_at=None, **NO_NUMBERS),
        )
    ],
}
