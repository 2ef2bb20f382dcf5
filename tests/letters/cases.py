"""The contexts of the golden letters: what happened in the county, as the deciding rooms would hand it over."""

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
    "digest": at(7, 10, 8, 30),
}


def written_at(draft: LetterDraft) -> datetime:
    """A minute after the mail that it answers, or the moment of its kind."""
    received: datetime = draft.context.get("received_at", at(7, 3, 10, 5))
    return MOMENTS.get(draft.letter, received + timedelta(minutes=1))


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


def form(**changes: Any) -> dict[str, Any]:
    plain = {
        "title": TITLE,
        "name": "附件4",
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
        "errors": [],
        "warnings": [],
        "changes": [],
        "waiting": "",
        "first_received_at": None,
        "progress": [],
    }
    assert changes.keys() <= plain.keys(), "a key that no letter knows"
    return {**plain, **changes}


def share(label: str, reached: int, base: int | None, target: float | None, gap: int | None) -> dict[str, Any]:
    rate = reached / base if base else None
    until = None if target is None else date(2017, 12, 31)
    return {
        "label": label,
        "reached": reached,
        "base": base,
        "rate": rate,
        "target": target,
        "gap": gap,
        "until": until,
    }


def answer(letter: str, *forms: dict[str, Any], **changes: Any) -> LetterDraft:
    context = {
        "person": "李明",
        "units": ["五图街道"],
        "original_subject": "五图街道6月份达标情况",
        "received_at": at(7, 3, 10, 5),
        "forms": list(forms),
        "files": [],
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
        "period": "2017-06",
        "deadline": DEADLINE,
        "days_left": 5,
        "days_late": 0,
        "returned": False,
        "file": f"附件4 {unit} 2017年6月.xlsx",
        "last_period": "2017-05",
        "last_total": 28,
    }
    assert changes.keys() <= plain.keys()
    return {**plain, **changes}


def staff(letter: str, **context: Any) -> LetterDraft:
    return LetterDraft(key=f"{letter}:2017-W27", letter=letter, to="aj@office.example", context=context)


def silent(unit: str, group: str, liaison: str, phone: str, email: str, **changes: Any) -> dict[str, Any]:
    plain = {"unit": unit, "group": group, "liaison": liaison, "phone": phone, "email": email}
    return {**plain, "state": "missing", "last_received": None, **changes}


NOTICE: dict[str, Any] = {
    "form_name": "附件4",
    "form_title": TITLE,
    "period": "2017-06",
    "deadline": DEADLINE,
    "days_late": 1,
    "missing": [
        silent("乔官镇", "第五组", "王芳", "13805360005", "wangfang@qiaoguan.example"),
        silent("营丘镇", "第六组", "张伟", "0536-6220006", "", state="returned", last_received=at(7, 4, 16, 20)),
        silent("首阳山旅游度假区", "第九组", "", "", "shouyangshan-anquan-bangongshi@changle.example"),
    ],
    "waiting": [{"unit": "红河镇", "why": UNKNOWN}],
    "received": 40,
    "expected": 44,
    "draft": False,
}
WEEK: dict[str, Any] = {
    "week": "2017年第27周",
    "period": "2017-06",
    "deadline": DEADLINE,
    "form_name": "附件4",
    "expected": 44,
    "received": 40,
    "on_time": 38,
    "late": [{"unit": "教育局", "late_days": 1}, {"unit": "鄌郚镇", "late_days": 2}],
    "missing": [
        {"unit": "乔官镇", "liaison": "王芳", "phone": "13805360005", "state": "missing"},
        {"unit": "首阳山旅游度假区", "liaison": "", "phone": "", "state": "missing"},
    ],
    "returned": [{"unit": "营丘镇", "liaison": "张伟", "phone": "0536-6220006", "since": at(7, 4, 16, 20)}],
    "waiting": [
        {
            "unit": "红河镇",
            "sender": "liu-1983@mail.example",
            "subject": "红河镇附件4",
            "why": UNKNOWN,
            "since": at(7, 5, 17, 2),
        }
    ],
    "not_due": False,
    "categories": [
        {**share("规模以上企业", 120, 150, 100, 30), "previous": 112},
        {**share("高危企业", 64, 64, 100, 0), "previous": 64},
        {**share("其他生产经营单位", 333, None, None, None), "previous": None},
    ],
    "total": {**share("全部生产经营单位", 517, 1450, 50, 208), "previous": 520},
    "changes": [
        {
            "unit": "五图街道",
            "period": "2017-06",
            "version": 2,
            "total": 34,
            "previous_total": 32,
            "received_at": at(7, 4, 9, 12),
            "on_time": True,
        },
        {
            "unit": "鄌郚镇",
            "period": "2017-06",
            "version": 1,
            "total": 19,
            "previous_total": None,
            "received_at": at(7, 7, 8, 40),
            "on_time": False,
        },
    ],
    "unread": [
        {
            "sender": "jiaoyu@changle.example",
            "subject": "教育局报表",
            "received_at": at(7, 6, 11, 0),
            "reason": "文件设置了打开密码。请取消密码后重新发送。",
        }
    ],
    "letters": {"sent": 96, "queued": 3, "held": 2, "failed": 1},
    "quiet": False,
}
EMPTY: dict[str, Any] = {"late": [], "missing": [], "returned": [], "waiting": [], "changes": [], "unread": []}
CLEAR = {**WEEK, **EMPTY, "received": 44, "on_time": 44, "letters": {"sent": 44, "queued": 0, "held": 0, "failed": 0}}
BOUNCED = {
    "sentence": "发往该地址的邮件被退回，请核对联络员邮箱",
    "unit": "乔官镇",
    "period": "2017-06",
    "sender": "Postmaster@163.com",
    "subject": "系统退信",
    "received_at": at(7, 3, 8, 1),
    "detail": "wangfang@qiaoguan.example",
}
CALENDAR = {
    "sentence": "该年度放假安排尚未录入，工作日为推算，请在 rules/calendar.toml 中补录",
    "unit": None,
    "period": None,
    "sender": "",
    "subject": "",
    "received_at": None,
    "detail": "",
}

CASES: dict[str, LetterDraft] = {
    "receipt_single": answer("receipt", form()),
    "receipt_second_version_late": answer(
        "receipt",
        form(
            version=2,
            on_time=False,
            late_days=2,
            warnings=[DECREASED, NO_REPORTER],
            changes=[
                {"label": "规模以上企业·三级", "before": 4, "after": 5},
                {"label": "高危企业·二级", "before": None, "after": 0},
            ],
            progress=PROGRESS,
        ),
        received_at=at(7, 7, 10, 5),
    ),
    "receipt_two_units": answer(
        "receipt",
        form(),
        form(unit="乔官镇", unit_written="乔官镇", document="乔官镇.xls", sheet=""),
        units=["五图街道", "乔官镇"],
    ),
    "receipt_no_deadline": answer("receipt", form(deadline=None, on_time=None), person="", original_subject=""),
    "returned_single": answer("returned", RETURNED),
    "returned_late_no_period": answer(
        "returned",
        form(
            outcome="returned",
            version=0,
            period=None,
            unit=None,
            unit_written="",
            on_time=False,
            late_days=3,
            table=NOTHING,
            errors=[
                {"place": "A2", "message": "表头月份写的是“13月”，应报送的是截至2017年6月的累计数，请核对月份。"},
            ],
        ),
        units=[],
        received_at=at(7, 8, 10, 5),
    ),
    "returned_mixed": answer(
        "returned",
        form(outcome="returned", version=0, table=WRONG, errors=[SUM_ERROR, BLANK_ERROR]),
        form(unit="乔官镇", unit_written="乔官镇", document="乔官镇.xlsx", warnings=[NO_REPORTER]),
        {
            **STRANGER,
            "unit_written": "营丘镇",
            "document": "营丘.xlsx",
            "waiting": "发件邮箱登记的单位与表中填报单位不一致",
        },
        DUPLICATE,
        files=[DAMAGED],
    ),
    "waiting_stranger": answer("waiting", STRANGER, person="", units=[]),
    "duplicate_single": answer("duplicate", DUPLICATE),
    "unreadable_single": answer("unreadable", files=[DAMAGED]),
    "unreadable_with_good_form": answer(
        "unreadable", form(), files=[DAMAGED, {"name": "", "message": "文件是空的。请检查后重新发送。"}]
    ),
    "no_attachment_single": answer("no_attachment", person="", units=[]),
    "reminder_before_single": reminder("reminder_before", owed()),
    "reminder_before_first_month": reminder("reminder_before", owed(last_period=None, last_total=None), person=""),
    "reminder_due_returned": reminder("reminder_due", owed(days_left=0, returned=True)),
    "reminder_overdue_two_units": reminder(
        "reminder_overdue", owed(days_left=0, days_late=1), owed("乔官镇", days_left=0, days_late=1, returned=True)
    ),
    "overdue_notice_some": staff("overdue_notice", **NOTICE),
    "overdue_notice_draft": staff("overdue_notice", **{**NOTICE, "draft": True, "waiting": []}),
    "overdue_notice_none": staff("overdue_notice", **{**NOTICE, "missing": [], "waiting": [], "received": 44}),
    "digest_busy": staff("digest", **WEEK),
    "digest_clear": staff("digest", **CLEAR),
    "digest_not_due": staff(
        "digest", **{**WEEK, **EMPTY, "missing": WEEK["missing"], "received": 42, "on_time": 42, "not_due": True}
    ),
    "digest_quiet": staff("digest", **{**CLEAR, "quiet": True}),
    "attention_two": staff("attention", items=[BOUNCED, CALENDAR]),
    "alarm_login": staff(
        "alarm",
        sentence="邮箱登录被拒绝（授权码错误或失效），请重新生成授权码并更新配置；在此之前不会重复尝试",
        since=at(7, 3, 6, 30),
        detail="imap.163.com",
    ),
}
