"""What the lead departments of the inspection groups are told: the monthly report, the request to press an area."""

from typing import Any

from bot.model.deciding import LetterDraft
from tests.letters.values import DEADLINE, OTHER_WORDS, TITLE, WORDS, at

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
