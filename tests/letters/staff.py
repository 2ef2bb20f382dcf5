"""What the staff is told: the overdue notice, the weekly digest, what needs a person."""

from typing import Any

from bot.model.deciding import LetterDraft
from tests.letters.values import DEADLINE, DECREASED, OTHER_WORDS, TITLE, UNKNOWN, WORDS, at, share


def staff(letter: str, **context: Any) -> LetterDraft:
    return LetterDraft(key=f"{letter}:2017-W27", letter=letter, to="aj@office.example", context=context)


def silent(unit: str, group: str, liaison: str, phone: str, email: str, **changes: Any) -> dict[str, Any]:
    plain = {"unit": unit, "group": group, "liaison": liaison, "phone": phone, "email": email}
    return {**plain, "state": "missing", "last_received": None, "unreachable": False, **changes}


NOTICE: dict[str, Any] = {
    "form_name": "附件4",
    "form_title": TITLE,
    "words": WORDS,
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
    "reminded": True,
    "escalation": None,
}
PRESSED: dict[str, Any] = {
    **NOTICE,
    "days_late": 14,
    "missing": [*NOTICE["missing"], silent("财政局", "", "钱伟", "13805360044", "caizheng@changle.example")],
    "waiting": [],
    "received": 40,
    "reminded": False,
    "escalation": {
        "draft": True,
        "letters": [
            {"lead": "市场监管局", "areas": ["乔官镇"]},
            {"lead": "水利局", "areas": ["首阳山旅游度假区"]},
        ],
        "unreachable": [{"lead": "教育局", "areas": ["营丘镇"]}],
        "outside": ["财政局"],
    },
}


def to_call(unit: str, liaison: str, phone: str, **changes: Any) -> dict[str, Any]:
    plain = {"unit": unit, "liaison": liaison, "phone": phone, "days": 0, "returned": None, "returned_days": 0}
    return {**plain, "dead": [], "no_address": False, **changes}


WEEK: dict[str, Any] = {
    "week": "2017年第27周",
    "period": "2017-06",
    "deadline": DEADLINE,
    "form_name": "附件4",
    "words": WORDS,
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
            "number": 217,
            "offers": ["通过", "登记", "改为", "退回", "忽略"],
            "unit": "红河镇",
            "form_name": None,
            "sender": "liu-1983@mail.example",
            "subject": "红河镇附件4",
            "why": UNKNOWN,
            "since": at(7, 5, 17, 2),
        }
    ],
    "calls": [
        to_call("乔官镇", "王芳", "13805360005", days=5, dead=["wangfang@qiaoguan.example"]),
        to_call("首阳山旅游度假区", "", "", days=5, no_address=True),
        to_call("营丘镇", "张伟", "0536-6220006", returned=at(7, 4, 16, 20), returned_days=6),
        to_call("教育局", "孙丽", "0536-6221000", dead=["sunli@jiaoyu.example"]),
    ],
    "questions": [
        {
            "number": None,
            "offers": [],
            "unit": "五图街道",
            "form_name": "附件2",
            "words": WORDS,
            "period": None,
            "sender": "liming@wutu.example",
            "subject": "五图街道附件2",
            "why": "同一次报送中有内容不同的表格，需确认以哪份为准",
            "since": at(6, 28, 15, 10),
        }
    ],
    "categories": [
        {**share("规模以上企业", 120, 150, 100, 30), "previous": 112},
        {**share("高危企业", 64, 64, 100, 0), "previous": 64},
        {**share("其他生产经营单位", 333, None, None, None), "previous": None},
    ],
    "total": {**share("全部生产经营单位", 517, 1450, 50, 208), "previous": 520},
    "groups": [
        {**share("第一组", 40, 40, 50, 0), "units": ["经济开发区"]},
        {**share("第五组", 34, 90, 50, 11), "units": ["乔官镇"]},
        {**share("第九组", 12, None, 50, None), "units": ["首阳山旅游度假区", "高崖水库库区"]},
    ],
    "table": None,
    "reasons": [
        {"unit": "五图街道", "period": "2017-06", "asked": [DECREASED["message"]], "said": "因两家企业已关闭注销。"}
    ],
    "once": [],
    "changes": [
        {
            "unit": "五图街道",
            "owes": True,
            "period": "2017-06",
            "version": 2,
            "total": 34,
            "previous_total": 32,
            "received_at": at(7, 4, 9, 12),
            "on_time": True,
        },
        {
            "unit": "鄌郚镇",
            "owes": True,
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
OPEN = [{**item, "state": "open"} for item in WEEK["missing"]]
EMPTY: dict[str, Any] = {
    "late": [],
    "missing": [],
    "returned": [],
    "waiting": [],
    "changes": [],
    "unread": [],
    "calls": [],
    "questions": [],
    "reasons": [],
}
CLEAR = {**WEEK, **EMPTY, "received": 44, "on_time": 44, "letters": {"sent": 44, "queued": 0, "held": 0, "failed": 0}}
# A form that no target names, its numbers each month anew, owed by departments; the second digest of its week.
OTHER_WEEK: dict[str, Any] = {
    **WEEK,
    **EMPTY,
    "period": "2017-06",
    "deadline": at(6, 25, 23, 59),
    "form_name": "隐患排查月报",
    "words": OTHER_WORDS,
    "expected": 35,
    "received": 35,
    "on_time": 33,
    "late": [{"unit": "财政局", "late_days": 1}, {"unit": "教育局", "late_days": 2}],
    "groups": [],
    "categories": [{**share("消防安全", 9, None, None, None), "previous": 7}],
    "total": {**share("全部合计", 9, None, None, None), "previous": 7},
    "table": {
        "columns": ["已整改", "未整改"],
        "groups": [{"label": "消防安全", "counts": [6, 3], "subtotal": 9}],
        "total": 9,
    },
    "changes": [
        {
            "unit": "五图街道",
            "owes": False,
            "period": "2017-06",
            "version": 1,
            "total": 5,
            "previous_total": None,
            "received_at": at(7, 4, 9, 12),
            "on_time": False,
        }
    ],
    "letters": None,
}
BOUNCED = {
    "number": 11,
    "words": [],
    "answers": [],
    "sentence": "发往该地址的邮件被退回，请核对联络员邮箱",
    "unit": "乔官镇",
    "form": "",
    "period": "2017-06",
    "sender": "Postmaster@163.com",
    "subject": "系统退信",
    "received_at": at(7, 3, 8, 1),
    "registered": None,
    "file": "",
    "address": "wangfang@qiaoguan.example",
    "letter_subject": "【报送提醒】乔官镇附件4（截至2017年6月）",
    "answer": "550 User not found",
    "liaison": "王芳",
    "phone": "13805360005",
}
CALENDAR = {
    "number": 12,
    "words": [],
    "answers": [],
    "sentence": "该年度放假安排尚未录入，工作日为推算，请在 rules/calendar.toml 中补录",
    "unit": None,
    "form": "",
    "period": None,
    "sender": "",
    "subject": "",
    "received_at": None,
    "registered": None,
    "file": "",
    "address": "",
    "letter_subject": "",
    "answer": "",
    "liaison": "",
    "phone": "",
}
ASKED = {
    **CALENDAR,
    "number": 13,
    "words": ["通过", "登记", "忽略"],
    "answers": [
        "通过：按来表登记，自收到之日起计，并向报送人发出回执。",
        "登记：按来表登记，并将发件邮箱登记为该单位的联络员邮箱。",
        "忽略：不予登记，也不告知对方。",
    ],
    "sentence": UNKNOWN,
    "unit": "红河镇",
    "form": "附件4",
    "period": "2017-06",
    "sender": "刘某 <liu-1983@mail.example>",
    "subject": "红河镇附件4",
    "received_at": at(7, 5, 17, 2),
    "file": "附件4.xlsx",
}
ASKED_BRIEFLY = {**ASKED, "number": 14, "sender": "不详 <x@mail.example>", "subject": "报送" * 60}
HELD_BRIEFLY = {**BOUNCED, "number": 15, "letter_subject": "【请督促】" + "督促" * 60}
EXTENDED = {
    "text": "已将五图街道附件4（2017年6月）的报送期限延至2017年7月10日，理由：联络员住院。",
    "lines": [],
    "said": "延期 五图街道 6月 至 7月10日 联络员住院",
    "good": True,
}
NOT_UNDERSTOOD = {
    "text": "“先放一放”未能识别，未作任何处理。可用的指令有：",
    "lines": ["通过：按来表登记，自收到之日起计，并向报送人发出回执。", "忽略：不予登记，也不告知对方。"],
    "said": "先放一放",
    "good": False,
}


def orders(*items: dict[str, Any], by: str = "") -> dict[str, Any]:
    return {"items": list(items), "by": by, "original_subject": "Re: 【请处理】", "received_at": at(7, 5, 17, 30)}


PUBLISHED: dict[str, Any] = {
    "form_name": "附件4",
    "form_title": TITLE,
    "words": WORDS,
    "period": "2017-06",
    "deadline": DEADLINE,
    "expected": 44,
    "received": 41,
    "on_time": 39,
    "late": WEEK["late"],
    "missing": [
        {"unit": "乔官镇", "group": "第五组", "state": "missing", "liaison": "王芳", "phone": "13805360005"},
        {"unit": "营丘镇", "group": "第六组", "state": "returned", "liaison": "张伟", "phone": "0536-6220006"},
    ],
    "waiting": [{"unit": "红河镇", "why": UNKNOWN}],
    "categories": WEEK["categories"],
    "total": WEEK["total"],
    "changes": [
        {
            "unit": "五图街道",
            "period": "2017-05",
            "word": "通报后更正",
            "announced": 32,
            "now": 34,
            "at": at(6, 20, 9, 12),
        },
        {"unit": "财政局", "period": "2017-05", "word": "通报后补报", "announced": None, "now": 5, "at": at(6, 21)},
    ],
    "answer": "同意",
    "files": ["安全生产标准化达标情况通报（截至2017年6月，送审稿）.docx", "全县汇总表（截至2017年6月）.xlsx"],
}
