"""Parts of contexts: one county, one office, one month; and the drafts that answers and reminders start from."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.config import Office
from bot.model.deciding import LetterDraft, LetterFile

BEIJING = ZoneInfo("Asia/Shanghai")
TOKEN = "K7M3Q9TD"
OFFICE = Office(name="昌乐县人民政府安全生产委员会办公室", contact="郭忠亮", phone="6228071")
SENDER = "昌乐县安委会办公室 <clawhbgs@163.com>"
DEADLINE = datetime(2017, 7, 5, 23, 59, 59, tzinfo=BEIJING)
TITLE = "生产经营单位安全生产标准化达标情况表"
LEVELS = ["一级", "二级", "三级", "其他"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A moment of 2017 in Beijing."""
    return datetime(2017, month, day, hour, minute, tzinfo=BEIJING)


# When each letter is written, as the month goes: before the deadline of July 5th, on it, after it.
MOMENTS = {
    "reminder_before": at(6, 30, 8, 30),
    "reminder_due": at(7, 5, 8, 30),
    "reminder_overdue": at(7, 6, 8, 30),
    "overdue_notice": at(7, 6, 8, 30),
    "overdue_notice:escalate-10": at(7, 19, 8, 30),
    "group_report": at(7, 12, 8, 30),
    "escalation": at(7, 19, 8, 30),
    "digest": at(7, 10, 8, 30),
    "year_plan": at(1, 3, 8, 30),
    "bulletin": at(7, 10, 8, 30),
}


def written_at(draft: LetterDraft) -> datetime:
    """A minute after the mail that it answers, or the moment of its kind."""
    received: datetime = draft.context.get("received_at", at(7, 3, 10, 5))
    return MOMENTS.get(draft.key) or MOMENTS.get(draft.letter, received + timedelta(minutes=1))


def table(*groups: tuple[str, list[int | None], int | None], total: int | None) -> dict[str, Any]:
    return {
        "columns": LEVELS,
        "groups": [{"label": label, "counts": counts, "subtotal": subtotal} for label, counts, subtotal in groups],
        "total": total,
    }


GOOD = table(
    ("规模以上企业", [0, 2, 5, 1], 8), ("高危企业", [1, 0, 4, 2], 7), ("其他生产经营单位", [0, 0, 6, 11], 17), total=32
)
WRONG = table(
    ("规模以上企业", [0, 2, 5, 1], 9),
    ("高危企业", [1, None, 4, 2], 7),
    ("其他生产经营单位", [0, 0, 6, 11], 17),
    total=33,
)
NOTHING = table(total=None)


WORDS = {
    "kind": "matrix",
    "cumulative": True,
    "measure": "家",
    "counted": "累计完成数量",
    "groups": "类别",
    "subtotal": "合计",
    "total": "总计",
    "day": "填报时间",
    "below": ["填报人", "联系电话"],
    "reached": "达标",
}

OTHER_WORDS = {
    "kind": "matrix",
    "cumulative": False,
    "measure": "处",
    "counted": "隐患数量",
    "groups": "隐患类别",
    "subtotal": "小计",
    "total": "全部合计",
    "day": "填报日期",
    "below": ["排查负责人"],
    "reached": "",
}


def form(**changes: Any) -> dict[str, Any]:
    plain = {
        "title": TITLE,
        "name": "附件4",
        "words": WORDS,
        "document": "五图街道6月份报表.xlsx",
        "sheet": "Sheet1",
        "unit": "五图街道",
        "unit_written": "五图街道办事处",
        "period": "2017-06",
        "outcome": "accepted",
        "version": 1,
        "deadline": DEADLINE,
        "on_time": True,
        "late_days": 0,
        "table": GOOD,
        "origin": None,
        "draft": False,
        "since": None,
        "errors": [],
        "warnings": [],
        "changes": [],
        "row_changes": [],
        "flag": "",
        "flagged": 0,
        "waiting": "",
        "first_received_at": None,
        "progress": [],
    }
    assert changes.keys() <= plain.keys(), "a key that no letter knows"
    return {**plain, **changes}


def share(label: str, reached: int, base: int | None, target: float | None, gap: int | None) -> dict[str, Any]:
    rate = reached / base if base else None
    until = None if target is None else date(2017, 12, 31)
    pace = None if gap is None else -(-gap // 6)  # after June six months are left
    return {
        "label": label,
        "reached": reached,
        "base": base,
        "rate": rate,
        "target": target,
        "gap": gap,
        "until": until,
        "months_left": None if until is None else 6,
        "pace": pace,
    }


def in_words(letter: str, said: str, asked: tuple[str, ...] = (), unclear: str = "") -> LetterDraft:
    """An answer to a mail that said something in words alone."""
    plain = answer(letter, original_subject="Re: 【报送提醒】五图街道附件4（截至2017年6月）")
    groups = ["规模以上企业", "高危企业", "其他生产经营单位"]
    words = {"said": said, "asked": list(asked), "unclear": unclear, "groups": groups, "columns": LEVELS}
    return replace(plain, context={**plain.context, **words})


def rejected(reason: str) -> LetterDraft:
    """The office's no to a report that waited."""
    plain = answer("rejected", person="", units=[])
    return replace(plain, context={**plain.context, "reason": reason, "form_name": "附件4", "document": "附件4.xlsx"})


def answer(letter: str, *forms: dict[str, Any], **changes: Any) -> LetterDraft:
    context = {
        "person": "李明",
        "units": ["五图街道"],
        "original_subject": "五图街道6月份达标情况",
        "received_at": at(7, 3, 10, 5),
        "forms": list(forms),
        "files": [],
        "marked": [],
    }
    assert changes.keys() <= context.keys()
    return LetterDraft(
        key=f"{letter}:4711",
        letter=letter,
        to="liming@wutu.example",
        context={**context, **changes},
        reply_to="<1@wutu.example>",
        subject_of="五图街道6月份达标情况",
    )


PROGRESS = [
    share("规模以上企业", 8, 10, 100, 2),
    share("高危企业", 7, 7, 100, 0),
    share("其他生产经营单位", 17, None, None, None),
    share("全部生产经营单位", 32, 75, 50, 6),
]
SUM_ERROR = {"place": "B8", "message": "“规模以上企业·合计”写的是9，而该类各等级相加为8，请核对。"}
BLANK_ERROR = {"place": "G7", "message": "“高危企业·二级”一栏没有填写数字。没有的请填“0”。"}
NO_REPORTER = {"place": "", "message": "未填写填报人，请在下次报送时补填。"}
DECREASED = {
    "place": "F8",
    "message": "“高危企业”累计为7家，比上次报送（截至2017年5月）的9家减少2家。"
    "累计数一般不应减少，请核实；如确有减少，请回信说明原因。",
}
UNKNOWN = "发件邮箱未登记在任何报送单位名下"
RETURNED = form(outcome="returned", version=0, table=WRONG, errors=[SUM_ERROR, BLANK_ERROR], warnings=[NO_REPORTER])
DUPLICATE = form(outcome="duplicate", first_received_at=at(7, 2, 15, 30))
STRANGER = form(
    outcome="waiting", version=0, unit=None, unit_written="五图街道", on_time=None, deadline=None, waiting=UNKNOWN
)
DRAFT = form(
    outcome="waiting",
    draft=True,
    version=0,
    on_time=None,
    document="附件4.jpg",
    sheet="",
    waiting="数字由图片识别，须经报送人核对确认后登记",
)
DAMAGED = {
    "name": "附件4.xls",
    "message": "文件已损坏或不是表格文件，无法打开。请重新保存为 Excel 工作簿（.xlsx）后再发。",
}


def reminder(letter: str, *items: dict[str, Any], person: str = "李明") -> LetterDraft:
    return LetterDraft(
        key=f"reminder:wutu:annex4:2017-06:{letter}",
        letter=letter,
        to="liming@wutu.example",
        context={"person": person, "items": list(items)},
        files=tuple(LetterFile(i["file"], b"PK\x03\x04 a workbook", XLSX) for i in items),
    )


def owed(unit: str = "五图街道", **changes: Any) -> dict[str, Any]:
    plain = {
        "unit": unit,
        "form_name": "附件4",
        "form_title": TITLE,
        "words": WORDS,
        "period": "2017-06",
        "deadline": DEADLINE,
        "days_left": 5,
        "days_late": 0,
        "returned": False,
        "cells": 12,
        "file": f"附件4 {unit} 2017年6月.xlsx",
        "last_period": "2017-05",
        "last_total": 28,
    }
    assert changes.keys() <= plain.keys()
    return {**plain, **changes}
