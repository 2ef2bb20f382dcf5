"""The golden letters: what happened in the county, as the deciding rooms would hand it over."""

from bot.model.deciding import LetterDraft
from tests.letters.staff import BOUNCED, CALENDAR, CLEAR, EMPTY, NOTICE, OTHER_WEEK, PUBLISHED, WEEK, staff
from tests.letters.values import (
    BLANK_ERROR,
    DAMAGED,
    DECREASED,
    DRAFT,
    DUPLICATE,
    NO_REPORTER,
    NOTHING,
    OTHER_WORDS,
    PROGRESS,
    RETURNED,
    STRANGER,
    SUM_ERROR,
    WRONG,
    answer,
    at,
    form,
    in_words,
    owed,
    reminder,
)

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
    "receipt_unchanged": answer("receipt", form(origin="unchanged", since="2017-05", document="邮件正文", sheet="")),
    "receipt_confirmed": answer("receipt", form(origin="confirmed", document="附件4.jpg", sheet="")),
    "confirm_right": answer("confirm", DRAFT, marked=["附件4 五图街道 2017年6月（更正）.xlsx"]),
    "confirm_wrong": answer(
        "confirm", {**DRAFT, "table": WRONG, "errors": [BLANK_ERROR]}, marked=["附件4 五图街道 2017年6月（更正）.xlsx"]
    ),
    "explained_one": in_words("explained", "因两家企业已关闭注销。", (DECREASED["message"],)),
    "unclear_words": in_words("unclear", "高危增加1家，其他不变", unclear="其中的数字或说明未能读懂"),
    "no_attachment_single": answer("no_attachment", person="", units=[]),
    "reminder_before_single": reminder("reminder_before", owed()),
    "reminder_before_first_month": reminder("reminder_before", owed(last_period=None, last_total=None), person=""),
    "reminder_due_returned": reminder("reminder_due", owed(days_left=0, returned=True)),
    "reminder_overdue_two_units": reminder(
        "reminder_overdue", owed(days_left=0, days_late=1), owed("乔官镇", days_left=0, days_late=1, returned=True)
    ),
    "reminder_overdue_two_forms": reminder(
        "reminder_overdue",
        owed(
            form_name="隐患排查月报",
            form_title="安全隐患排查治理情况月报表",
            words=OTHER_WORDS,
            deadline=at(6, 25, 23, 59),
            days_left=0,
            days_late=5,
            file="隐患排查月报 五图街道 2017年6月.xlsx",
            last_period=None,
            last_total=None,
        ),
        owed(),
    ),
    "receipt_no_measure": answer("receipt", form(words={**OTHER_WORDS, "measure": ""}, title="月报表", name="附件9")),
    "overdue_notice_some": staff("overdue_notice", **NOTICE),
    "overdue_notice_draft": staff("overdue_notice", **{**NOTICE, "draft": True, "waiting": []}),
    "overdue_notice_none": staff("overdue_notice", **{**NOTICE, "missing": [], "waiting": [], "received": 44}),
    "digest_busy": staff("digest", **WEEK),
    "digest_clear": staff("digest", **CLEAR),
    "digest_not_due": staff(
        "digest", **{**WEEK, **EMPTY, "missing": WEEK["missing"], "received": 42, "on_time": 42, "not_due": True}
    ),
    "digest_no_targets": staff("digest", **OTHER_WEEK),
    "digest_quiet": staff("digest", **{**CLEAR, "quiet": True}),
    "bulletin_some": staff("bulletin", **PUBLISHED),
    "bulletin_clear": staff(
        "bulletin",
        **{**PUBLISHED, "received": 44, "on_time": 44, "late": [], "missing": [], "waiting": [], "changes": []},
    ),
    "attention_two": staff("attention", items=[BOUNCED, CALENDAR]),
    "probe_own": staff("probe"),
    "alarm_login": staff(
        "alarm",
        sentence="邮箱登录被拒绝（授权码错误或失效），请重新生成授权码并更新配置；在此之前不会重复尝试",
        since=at(7, 3, 6, 30),
        detail="imap.163.com",
    ),
}
