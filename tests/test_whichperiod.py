"""Which month a report covers: the form's month, its year from what speaks of one, never a guess."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.deciding.deadlines import open_period, opens_at, periods
from bot.deciding.placing import place
from bot.deciding.whichperiod import Campaign, WhichPeriod, which_period
from bot.model.forms import Written
from tests.books import ANNEX4, RULES, WORDS
from tests.rosters import BEIJING, CAMPAIGN, HOST_ZONES, WUTU, at_utc, beijing, document, form, host_in

JULY_3 = "2017-07-03T10:00:00"


def when(
    text: str | None,
    arrived: str | datetime = JULY_3,
    *,
    filled_on: str = "",
    subject: str = "",
    reply_period: str | None = None,
    campaign: Campaign = CAMPAIGN,
) -> WhichPeriod:
    return which_period(
        None if text is None else Written(text, "A2"),
        ANNEX4,
        WORDS,
        filled_on=date.fromisoformat(filled_on) if filled_on else None,
        subject=subject,
        reply_period=reply_period,
        received_at=beijing(arrived) if isinstance(arrived, str) else arrived,
        campaign=campaign,
        zone=BEIJING,
    )


def case_of(found: WhichPeriod) -> tuple[str | None, str | None, str | None]:
    """The period, and the finding's case and severity."""
    return found.period, *((found.finding.case, found.finding.severity) if found.finding else (None, None))


@pytest.mark.parametrize(
    "text",
    [
        *("6", "06", "6月", " 6 月", "６月", "六月", "6月份", "6月底", "6月30日", "2017年6月", "2017-06", "2017/6"),
        *("２０１７年６月", "二〇一七年六月", "六", "2017.6", "201706", "1-6月", "1月-6月", "17年6月"),
    ],
)
def test_june_however_it_is_written(text: str) -> None:
    assert case_of(when(text)) == ("2017-06", None, None)


# The month on the form | the mail arrives | what speaks of a year | the period.
YEARS = [
    ("12月", "2018-01-03", "", "", "2017-12"),
    ("12月", "2018-01-05", "2017-12-31", "", "2017-12"),
    ("12月", "2018-01-05", "2018-01-04", "", "2017-12"),
    ("12月", "2017-12-28", "", "", "2017-12"),
    ("1月", "2018-02-04", "", "", "2018-01"),
    ("1月", "2018-01-29", "", "", "2018-01"),
    ("11月", "2018-01-03", "", "", "2017-11"),
    # 填报时间 with the old year in January, or with any absurd one, is a typing error
    ("12月", "2018-01-05", "2017-01-05", "", "2017-12"),
    ("6月", "2018-07-03", "2008-07-03", "", "2018-06"),
    ("6月", "2018-07-03", "2081-07-03", "", "2018-06"),
    # 填报时间 of a mail that lay about for long
    ("6月", "2018-01-10", "2017-07-04", "", "2017-06"),
    # the subject, where 填报时间 says nothing
    ("6月", "2018-07-03", "", "2018年6月附件4", "2018-06"),
    ("6月", "2019-01-03", "", "补报2018年6月附件4", "2018-06"),
    ("6月", "2019-02-03", "", "补报2018年附件4", "2018-06"),
    ("12月", "2018-01-03", "", "2018年1月报送附件4", "2017-12"),
    ("12月", "2018-01-03", "", "2017年12月附件4", "2017-12"),
    ("12月", "2018-01-03", "", "2018年附件4", "2017-12"),
    ("6月", "2018-07-03", "", "报送201806附件4", "2018-06"),
    # the number of the notice is no year of a report
    ("6月", "2018-07-03", "", "关于乐安字〔2017〕13号附件4的报送", "2018-06"),
    ("6月", "2018-07-03", "", "乐安字[2017]13号", "2018-06"),
    ("6月", "2018-07-03", "", "附件4（2017）", "2018-06"),
    # 填报时间 speaks before the subject
    ("6月", "2018-07-03", "2018-07-02", "转发：2017年附件4样表", "2018-06"),
    # a year on the form itself goes over everything
    ("2017年6月", "2018-07-03", "2018-07-02", "2018年附件4", "2017-06"),
    ("2018年6月", "2018-07-03", "2017-07-02", "2017年附件4", "2018-06"),
]


@pytest.mark.parametrize(("text", "arrived", "filled_on", "subject", "period"), YEARS)
def test_the_year(text: str, arrived: str, filled_on: str, subject: str, period: str) -> None:
    found = when(text, f"{arrived}T10:00:00", filled_on=filled_on, subject=subject)
    assert case_of(found) == (period, None, None)


@pytest.mark.parametrize(
    "text", [None, "", " ", "月", "年 月", "    年    月", "_ _月", "2017年", "2017年  月", "（）"]
)
def test_no_month_at_all_is_the_open_one_with_a_warning(text: str | None) -> None:
    # given a form as it is printed, its month not filled in
    found = when(text)
    # then it counts for the month that is welcome now, and the receipt says so
    assert case_of(found) == ("2017-06", "blank", "warning")
    assert found.finding is not None
    assert "2017年6月" in found.finding.message


def test_no_month_in_the_last_days_of_a_month_is_that_month() -> None:
    assert when("月", "2017-07-24T23:59:59").period == "2017-06"
    assert when("月", "2017-07-25T00:00:00").period == "2017-07"


def test_no_month_in_an_answer_is_the_month_of_the_letter() -> None:
    # given an answer, in August, to a letter about June
    found = when("", "2017-08-03T10:00:00", reply_period="2017-06")
    assert case_of(found) == ("2017-06", "blank", "warning")
    assert found.finding is not None
    assert "2017年6月" in found.finding.message


def test_the_form_s_month_goes_over_the_letter_s() -> None:
    assert case_of(when("7月", "2017-08-03T10:00:00", reply_period="2017-06")) == ("2017-07", None, None)


def test_an_empty_month_with_another_year_is_asked_about() -> None:
    # given a form of 2018 without a month, arriving when December 2017 is welcome
    found = when("2018年  月", "2018-01-03T10:00:00")
    assert case_of(found) == (None, "", "error")


@pytest.mark.parametrize("text", ["13月", "0月", "本月", "上月", "五六月", "6月7月", "第二季度", "?", "abc", "20176"])
def test_a_month_that_nobody_can_tell_is_an_error(text: str) -> None:
    found = when(text)
    assert case_of(found) == (None, "", "error")
    assert found.finding is not None
    assert f"“{text}”" in found.finding.message
    assert found.finding.place == "A2"


@pytest.mark.parametrize(
    ("text", "arrived"),
    [
        ("7月", "2017-07-03T10:00:00"),
        ("7月", "2017-07-24T23:59:59"),
        ("8月", "2017-07-03T10:00:00"),
        ("2018年6月", "2017-07-03T10:00:00"),
        ("2071年6月", "2017-07-03T10:00:00"),
        ("6月", "2017-06-23T23:59:59"),
    ],
)
def test_a_future_month_is_an_error(text: str, arrived: str) -> None:
    assert case_of(when(text, arrived)) == (None, "future", "error")


def test_a_month_is_welcome_in_its_last_seven_days() -> None:
    assert case_of(when("7月", "2017-07-25T00:00:00")) == ("2017-07", None, None)
    assert case_of(when("2月", "2018-02-22T00:00:00")) == ("2018-02", None, None)
    assert case_of(when("2月", "2018-02-21T23:59:59")) == (None, "future", "error")


@pytest.mark.parametrize("text", ["5月", "2017年5月", "2016年6月", "2017年1月", "2001年6月"])
def test_a_month_before_the_campaign_is_an_error(text: str) -> None:
    found = when(text)
    assert case_of(found) == (None, "outside", "error")
    assert found.finding is not None
    assert "2017年6月至2019年12月" in found.finding.message


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("5 月", "“5 月”"), ("生产经营单位标准化达标情况表截至2017年5月底", "“2017年5月”")],
)
def test_what_is_written_is_quoted_and_a_whole_title_is_not(text: str, quoted: str) -> None:
    found = when(text)
    assert found.finding is not None
    assert quoted in found.finding.message


def test_a_month_after_the_campaign_is_an_error() -> None:
    assert case_of(when("1月", "2020-02-03T10:00:00")) == (None, "outside", "error")
    assert case_of(when("12月", "2020-02-03T10:00:00")) == ("2019-12", None, None)
    assert case_of(when("", "2020-02-03T10:00:00")) == ("2019-12", "blank", "warning")


def test_no_month_before_the_campaign_began_is_its_first() -> None:
    assert when("", "2017-05-31T10:00:00").period == "2017-06"


def test_an_earlier_month_is_that_month_still() -> None:
    assert case_of(when("6月", "2017-10-03T10:00:00")) == ("2017-06", None, None)


@pytest.mark.parametrize("zone", HOST_ZONES)
def test_the_host_s_zone_changes_nothing(zone: str) -> None:
    # given midnight between two years in Beijing, when it is still December in Los Angeles
    midnight = at_utc(beijing("2018-01-01T00:00:00"))
    with host_in(zone):
        assert case_of(when("12月", midnight)) == ("2017-12", None, None)
        assert case_of(when("1月", midnight)) == (None, "future", "error")
        assert when("", at_utc(beijing("2017-07-25T00:00:00"))).period == "2017-07"
        assert when("", at_utc(beijing("2017-07-24T23:59:59"))).period == "2017-06"


def filled_on(text: str, arrived: str) -> date | None:
    found = place(
        (document(form(filled_on=text)),),
        WUTU,
        RULES,
        subject="",
        received_at=at_utc(beijing(arrived)),
        campaign=CAMPAIGN,
        zone=BEIJING,
    )
    return found[0].filled_on


@pytest.mark.parametrize(
    ("text", "arrived", "day"),
    [
        ("2017年7月3日", "2017-07-03T10:00:00", "2017-07-03"),
        ("7月3日", "2017-07-03T10:00:00", "2017-07-03"),
        ("12月31日", "2018-01-02T10:00:00", "2017-12-31"),
        ("1月2日", "2018-01-02T00:30:00", "2018-01-02"),
        ("1月1日", "2017-12-31T10:00:00", "2018-01-01"),
        ("2月29日", "2017-03-02T10:00:00", None),
        ("6月31日", "2017-07-02T10:00:00", None),
        ("2016年7月3日", "2017-07-03T10:00:00", "2016-07-03"),
        ("", "2017-07-03T10:00:00", None),
        ("昨天", "2017-07-03T10:00:00", None),
    ],
)
def test_the_day_of_filling_in(text: str, arrived: str, day: str | None) -> None:
    assert filled_on(text, arrived) == (date.fromisoformat(day) if day else None)


START = beijing("2017-01-01T00:00:00")
MOMENTS = st.integers(0, 4 * 365 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))
TEXTS = st.none() | st.integers(0, 14).map(lambda n: f"{n}月") | st.text("2017年6月1季度 -", max_size=10)
DAYS = st.none() | st.dates(date(2015, 1, 1), date(2022, 1, 1))


@settings(max_examples=200, deadline=None)
@given(TEXTS, MOMENTS, DAYS, st.text("2017208年6月〔〕- 附件4", max_size=14))
def test_a_period_lies_in_the_campaign_and_has_opened(
    text: str | None, arrived: datetime, day: date | None, subject: str
) -> None:
    # given anything on the form and around it
    found = when(text, arrived, filled_on=day.isoformat() if day else "", subject=subject)
    # then a period without an error is one of the campaign that is not in the future
    campaign = periods(CAMPAIGN.first, CAMPAIGN.last)
    if found.period is None:
        assert found.finding is not None
        assert found.finding.severity == "error"
    else:
        assert found.period in campaign
        assert found.finding is not None or opens_at(ANNEX4, found.period, BEIJING) <= arrived
    assert found.open == min(max(open_period(ANNEX4, arrived, BEIJING), CAMPAIGN.first), CAMPAIGN.last)


@given(st.integers(1, 12), st.sampled_from(periods("2017-06", "2019-12")))
def test_a_bare_month_is_never_more_than_half_a_year_from_the_last(month: int, period: str) -> None:
    # given a month without a year, arriving when ``period`` is due
    arrived = opens_at(ANNEX4, period, BEIJING)
    found = when(f"{month}月", arrived)
    # then it is that of the nearest year
    if found.period:
        years = int(found.period[:4]) * 12 + int(found.period[5:]) - arrived.year * 12 - (arrived.month - 1)
        assert -6 <= years <= 1
