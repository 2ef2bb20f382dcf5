"""What happens to one form: judged against its history, accepted, returned, kept waiting, or known already."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.deciding.calendar import WorkCalendar
from bot.deciding.deadlines import deadline
from bot.deciding.judging import Past, judge, rule_on, why_waiting, without_repeats
from bot.deciding.placing import Placed, place
from bot.deciding.whose import KnownSender
from bot.model.deciding import Judged, Ruling
from bot.model.forms import Document, Form
from bot.rules.workdays import CalendarFile
from tests.books import ANNEX4, RULES, WORDS
from tests.rosters import (
    BEIJING,
    CAMPAIGN,
    HOST_ZONES,
    NUMBERS,
    STRANGER,
    TWO_POSTS,
    WUTU,
    accepted,
    at_utc,
    beijing,
    document,
    form,
    host_in,
    mail,
    numbers,
)

DUE = deadline(ANNEX4, "2017-06", WorkCalendar(CalendarFile()), BEIJING)
JULY_3 = beijing("2017-07-03T10:00:00")
MORE = [0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 8]  # one more in the last cell
MORE_FORM = form(MORE, (8, 4, 21), 33)
MORE_NUMBERS = numbers(*MORE)


def placed_all(
    *forms: Form | Document, sender: KnownSender = WUTU, at: datetime = JULY_3, subject: str = ""
) -> list[Placed]:
    documents = tuple(f if isinstance(f, Document) else document(f) for f in forms)
    found = place(documents, sender, RULES, subject=subject, received_at=at, campaign=CAMPAIGN, zone=BEIJING)
    return list(found)


def judged(given_form: Form, past: Past | None = None, **how: Any) -> Judged:
    return judge(placed_all(given_form, **how)[0], past or Past(), WORDS)


def ruled(
    given_form: Form | None = None, past: Past | None = None, at: datetime = JULY_3, waiting: str = "", **how: Any
) -> Ruling:
    past = past or Past()
    placed = placed_all(given_form or form(), at=at, **how)[0]
    result = judge(placed, past, WORDS)
    return rule_on(placed, result, past, waiting, DUE if result.period else None, at)


def cases(result: Judged) -> list[tuple[str, str]]:
    return [(f.check, f.case) for f in result.findings]


# judge


def test_a_good_form() -> None:
    result = judged(form())
    assert (result.unit, result.period, result.reporter, result.phone) == (
        "五图街道",
        "2017-06",
        "李明",
        "0536-6221234",
    )
    assert result.numbers == NUMBERS
    assert result.filled_on is not None
    assert result.filled_on.isoformat() == "2017-07-03"
    assert result.document == "附件4.xlsx"
    assert result.findings == ()


def test_findings_stand_in_the_order_of_the_form() -> None:
    wrong = form([None, "约", 5, 1, *MORE[4:]], (9, 5, 20), 0, unit="某镇", period="九十月", reporter="")
    assert [f.check for f in judged(wrong).findings] == [
        "unit",
        "period",
        "required",
        "count",
        "subtotal",
        "subtotal",
        "reporter",
    ]


def test_a_form_without_any_label_is_judged_all_the_same() -> None:
    bare = form(without=("unit", "period", "filled_on", "reporter", "phone"))
    result = judged(bare)
    assert (result.unit, result.period, result.filled_on, result.reporter, result.phone) == (
        "五图街道",
        "2017-06",
        None,
        "",
        "",
    )
    assert cases(result) == [("unit", "blank"), ("period", "blank"), ("reporter", ""), ("reporter", "")]
    assert all(f.severity == "warning" for f in result.findings)


# The file of last month sent again with new numbers, its heading left as it was.

AUGUST_3 = beijing("2017-08-03T10:00:00")


def earlier_month(past: Past, at: datetime = AUGUST_3, given_form: Form | None = None) -> list[tuple[str, str]]:
    return cases(judged(given_form or MORE_FORM, past, at=at))


def test_last_month_s_heading_over_new_numbers_is_a_warning_that_names_both_months() -> None:
    result = judged(MORE_FORM, Past(accepted()), at=AUGUST_3)
    assert cases(result) == [("period", "earlier")]
    assert result.findings[0].severity == "warning"
    assert result.findings[0].place == "A2"
    assert "2017年6月" in result.findings[0].message
    assert "2017年7月" in result.findings[0].message


def test_no_such_warning_when_it_is_plain_what_is_meant() -> None:
    # the same numbers: a duplicate, no new report
    assert earlier_month(Past(accepted()), given_form=form()) == []
    # the present month was reported: a correction of the one before
    assert earlier_month(Past(accepted(), open_reported=True)) == []
    # the earlier month was never reported: a late report
    assert earlier_month(Past(None)) == []
    # a correction while its month is still the present one
    assert earlier_month(Past(accepted()), JULY_3) == []


# why_waiting


def waits(
    sender: str | None = "wutu@town.example", how: str = "unknown", as_sender: KnownSender = WUTU, **texts: str
) -> str:
    return why_waiting(mail(sender=sender, authentication=how), placed_all(form(**texts), sender=as_sender)[0])


def test_what_keeps_a_form_waiting() -> None:
    assert waits() == ""
    assert waits(how="pass") == ""
    assert waits(how="fail") == "authentication"
    assert waits(sender=None, as_sender=STRANGER) == "ambiguous_sender"
    assert waits(as_sender=STRANGER) == "unknown_sender"
    assert waits(unit="乔官镇") == "unit_mismatch"
    assert waits(as_sender=KnownSender(("五图街道",), "", ("乔官镇",))) == "token_mismatch"


def test_a_contradicted_sender_goes_over_all_other_reasons() -> None:
    assert waits(how="fail", as_sender=STRANGER) == "authentication"
    assert waits(sender=None, how="fail", as_sender=STRANGER) == "ambiguous_sender"


def test_numbers_from_a_picture_wait_for_a_person() -> None:
    whole = form()
    read_from_picture = Form("annex4", "1", whole.fields, whole.counts, whole.subtotals, whole.total, "confirm")
    assert why_waiting(mail(), placed_all(read_from_picture)[0]) == "confirm"


# rule_on


def test_a_good_report_is_accepted_as_version_1() -> None:
    ruling = ruled()
    assert (ruling.outcome, ruling.version, ruling.on_time, ruling.deadline) == ("accepted", 1, True, DUE)


def test_an_error_returns_and_a_warning_does_not() -> None:
    assert ruled(form(total=33)).outcome == "returned"
    assert ruled(form(reporter="")).outcome == "accepted"
    assert ruled(form(unit="")).outcome == "accepted"
    assert ruled(form(period="")).outcome == "accepted"


def test_waiting_goes_over_errors() -> None:
    # given a stranger's report with a wrong sum
    ruling = ruled(form(total=33), waiting="unknown_sender", sender=STRANGER)
    assert (ruling.outcome, ruling.why) == ("waiting", "unknown_sender")


def test_what_has_no_month_or_no_unit_is_returned() -> None:
    ruling = ruled(form(period="九十月"))
    assert (ruling.outcome, ruling.deadline, ruling.on_time) == ("returned", None, None)
    assert ruled(form(unit=""), sender=TWO_POSTS).outcome == "returned"


def test_the_same_numbers_again_are_no_new_version() -> None:
    ruling = ruled(past=Past(accepted()))
    assert ruling.outcome == "duplicate"
    assert ruling.before == accepted()


def test_the_same_numbers_by_another_person_are_no_new_version_either() -> None:
    assert ruled(form(reporter="王芳", phone="1"), Past(accepted())).outcome == "duplicate"


def test_the_same_numbers_with_a_wrong_sum_are_returned() -> None:
    # given what is recorded already, this time with a total that does not add up: not the same content
    assert ruled(form(total=33), Past(accepted())).outcome == "returned"


def test_new_numbers_are_the_next_version() -> None:
    ruling = ruled(MORE_FORM, Past(accepted(version=3)))
    assert (ruling.outcome, ruling.version, ruling.before) == ("accepted", 4, accepted(version=3))


def test_the_same_numbers_for_another_month_are_a_report() -> None:
    # given June's numbers unchanged in July, which is usual
    july = form(period="7月", filled_on="2017年8月3日")
    ruling = ruled(july, Past(None, accepted()), AUGUST_3)
    assert (ruling.outcome, ruling.version, ruling.judged.period) == ("accepted", 1, "2017-07")


def test_the_base_travels_with_the_ruling() -> None:
    assert ruled(past=Past(base={"other": 30})).base == {"other": 30}


def test_what_a_ruling_is_about_when_the_form_does_not_tell() -> None:
    # given a month that nobody can tell: it is about the one that is open, and about the sender's own unit
    ruling = ruled(form(period="九十月", unit="某镇"))
    assert (ruling.judged.period, ruling.about, ruling.sender_unit) == (None, "2017-06", "五图街道")
    # given another unit's form: it is about that month, and came from this unit
    ruling = ruled(form(unit="乔官镇"), waiting="unit_mismatch")
    assert (ruling.judged.unit, ruling.about, ruling.sender_unit) == ("乔官镇", "2017-06", "五图街道")
    # given a sender of two units, or none: nobody's in particular
    assert ruled(form(unit=""), sender=TWO_POSTS).sender_unit is None
    assert ruled(waiting="unknown_sender", sender=STRANGER).sender_unit is None


@pytest.mark.parametrize("zone", HOST_ZONES)
@pytest.mark.parametrize(
    ("arrived", "on_time"),
    [
        ("2017-07-05T23:59:59", True),
        ("2017-07-05T23:59:59.999999", True),
        ("2017-07-06T00:00:00", False),
        ("2017-07-06T07:59:59", False),  # still the 5th in UTC
        ("2017-06-30T00:00:00", True),
    ],
)
def test_on_time_is_until_the_end_of_the_5th_in_beijing(zone: str, arrived: str, on_time: bool) -> None:
    with host_in(zone):
        assert ruled(at=at_utc(beijing(arrived))).on_time is on_time


def test_a_corrected_version_of_an_on_time_report_stays_on_time() -> None:
    # given the first version at the last moment, the second two weeks later
    first = beijing("2017-07-05T23:59:59")
    ruling = ruled(MORE_FORM, Past(accepted(received_at=first, first_received_at=first)), first + timedelta(days=14))
    assert (ruling.outcome, ruling.version, ruling.on_time) == ("accepted", 2, True)


def test_a_corrected_version_of_a_late_report_stays_late() -> None:
    first = beijing("2017-07-06T00:00:00")
    assert ruled(MORE_FORM, Past(accepted(first_received_at=first)), first).on_time is False


def test_a_returned_report_saves_no_deadline() -> None:
    # given a wrong one on the 5th, which was returned and is not in force, and the right one on the 6th
    assert ruled(form(total=33), at=beijing("2017-07-05T10:00:00")).outcome == "returned"
    assert ruled(at=beijing("2017-07-06T10:00:00")).on_time is False


def test_an_older_mail_never_replaces_a_newer_report() -> None:
    # given a correction that was worked off first, because the first attempts at the older mail failed
    newer = accepted(MORE_NUMBERS, received_at=beijing("2017-07-03T10:00:01"))
    # then nothing is in force that the unit has corrected since
    ruling = ruled(past=Past(newer), at=beijing("2017-07-03T10:00:00"))
    assert (ruling.outcome, ruling.why) == ("waiting", "older")
    # the same numbers, or the same second, are no question
    assert ruled(past=Past(accepted(received_at=newer.received_at)), at=JULY_3).outcome == "duplicate"
    assert ruled(past=Past(accepted(MORE_NUMBERS, received_at=JULY_3)), at=JULY_3).outcome == "accepted"


# without_repeats: several forms in one mail


def rulings(*forms: Form | Document, sender: KnownSender = WUTU, past: Past | None = None) -> list[tuple[str, str]]:
    found = [
        rule_on(p, judge(p, past or Past(), WORDS), past or Past(), why_waiting(mail(), p), DUE, JULY_3)
        for p in placed_all(*forms, sender=sender)
    ]
    return [(r.outcome, r.why) for r in without_repeats(found)]


def test_the_same_report_twice_in_a_mail_counts_once() -> None:
    assert rulings(form(), form()) == [("accepted", ""), ("duplicate", "")]
    assert rulings(document(form(), form(), form())) == [("accepted", ""), ("duplicate", ""), ("duplicate", "")]


def test_two_different_reports_for_one_unit_and_month_are_for_a_person() -> None:
    assert rulings(form(), MORE_FORM) == [("waiting", "conflict")] * 2
    assert rulings(form(), form(), MORE_FORM) == [("waiting", "conflict")] * 3


def test_reports_of_two_units_by_one_person_both_count() -> None:
    assert rulings(form(), form(unit="乔官镇"), sender=TWO_POSTS) == [("accepted", "")] * 2


def test_reports_of_two_months_both_count() -> None:
    at = AUGUST_3
    found = [
        rule_on(p, judge(p, Past(), WORDS), Past(), "", DUE, at)
        for p in placed_all(form(), form(MORE, (8, 4, 21), 33, period="7月"), at=at)
    ]
    assert [(r.outcome, r.judged.period) for r in without_repeats(found)] == [
        ("accepted", "2017-06"),
        ("accepted", "2017-07"),
    ]


def test_a_wrong_form_does_not_keep_a_right_one_of_another_unit_back() -> None:
    assert rulings(form(), form(total=33, unit="乔官镇"), sender=TWO_POSTS) == [("accepted", ""), ("returned", "")]


def test_a_form_that_waits_is_no_conflict() -> None:
    assert rulings(form(), form(unit="红河镇"), sender=TWO_POSTS) == [("accepted", ""), ("waiting", "unit_mismatch")]


def test_what_is_recorded_beside_what_is_new() -> None:
    # given a mail with the old file and the corrected one
    assert rulings(form(), MORE_FORM, past=Past(accepted())) == [("duplicate", ""), ("accepted", "")]


# place: an empty form beside a filled one

EMPTY = form([None] * 12, (None, None, None), None)
EMPTY_WITH_FORMULAS = form([None] * 12, (0, 0, 0), 0)


@pytest.mark.parametrize("empty", [EMPTY, EMPTY_WITH_FORMULAS])
def test_a_template_that_was_left_in_the_workbook_is_no_report(empty: Form) -> None:
    assert rulings(document(form(), empty)) == [("accepted", "")]
    assert rulings(empty, form()) == [("accepted", "")]


@pytest.mark.parametrize("empty", [EMPTY, EMPTY_WITH_FORMULAS])
def test_an_empty_form_alone_is_returned(empty: Form) -> None:
    assert rulings(empty) == [("returned", "")]


def test_a_form_with_only_sums_is_not_empty() -> None:
    # given a form in which only the total was written: its numbers are asked for
    assert rulings(form(), form([None] * 12, (None, None, None), 32, unit="乔官镇"), sender=TWO_POSTS) == [
        ("accepted", ""),
        ("returned", ""),
    ]


def test_the_scan_of_a_workbook_in_the_same_mail_repeats_it() -> None:
    scan = replace(form(), confidence="confirm")
    assert rulings(form(), scan) == [("accepted", ""), ("duplicate", "")]
    assert rulings(scan, form()) == [("duplicate", ""), ("accepted", "")]
    # what was not recognised contradicts nothing, another number does
    counts = {**scan.counts, "other": {}}
    assert rulings(form(), replace(scan, counts=counts, subtotals={}, total=None))[1] == ("duplicate", "")
    assert rulings(form(), replace(MORE_FORM, confidence="confirm")) == [("accepted", ""), ("waiting", "confirm")]
    # alone it waits
    assert rulings(scan) == [("waiting", "confirm")]


# A month that was announced.

LOCKED = Past(current=accepted(), locked=True)


def test_a_new_version_of_an_announced_month_waits() -> None:
    result = ruled(MORE_FORM, LOCKED)
    assert (result.outcome, result.why, result.before) == ("waiting", "locked", LOCKED.current)


def test_an_announced_month_lets_a_duplicate_an_error_and_a_first_report_pass() -> None:
    assert ruled(form(), LOCKED).outcome == "duplicate"
    assert ruled(form(total=99), LOCKED).outcome == "returned"
    assert ruled(MORE_FORM, Past(locked=True)).outcome == "accepted"


def test_who_sent_it_comes_before_the_lock() -> None:
    assert ruled(MORE_FORM, LOCKED, waiting="unknown_sender").why == "unknown_sender"
