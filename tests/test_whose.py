"""Whose report it is: address, form and answered letter must agree, and nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deciding.whose import KnownSender, Whose, whose
from bot.model.forms import Written
from bot.rules.forms import FormRule
from tests.books import ANNEX4, RULES
from tests.rosters import STRANGER, TWO_POSTS, WUTU

ALL_UNITS = [u.name for u in RULES.units.units]


def of(text: str | None, sender: KnownSender) -> Whose:
    written = None if text is None else Written(text, "A3")
    return whose(written, sender, ANNEX4, RULES.units)


def summary(found: Whose) -> tuple[str | None, str, str, str]:
    """Unit, why it waits, the finding's case and severity."""
    finding = found.finding
    return found.unit, found.waiting, *((finding.case, finding.severity) if finding else ("-", "-"))


def replying(sender: KnownSender, *units: str) -> KnownSender:
    return KnownSender(sender.units, sender.person, units, "2017-06", 0, True)


# Who sends | what is written on the form | what follows: unit, waiting, case and severity of the finding.
TABLE = {
    "address and form agree": (WUTU, "五图街道", ("五图街道", "", "-", "-")),
    "by an alias": (WUTU, "昌乐县五图街道办事处", ("五图街道", "", "-", "-")),
    "another unit's form": (WUTU, "乔官镇", ("乔官镇", "unit_mismatch", "-", "-")),
    "another unit's form, by an alias": (WUTU, "昌乐县乔官镇政府", ("乔官镇", "unit_mismatch", "-", "-")),
    "no such unit": (WUTU, "五图镇", ("五图街道", "", "", "error")),
    "left blank": (WUTU, "", ("五图街道", "", "blank", "warning")),
    "no such label": (WUTU, None, ("五图街道", "", "blank", "warning")),
    "two posts, the first": (TWO_POSTS, "五图街道", ("五图街道", "", "-", "-")),
    "two posts, the second": (TWO_POSTS, "乔官镇", ("乔官镇", "", "-", "-")),
    "two posts, a third": (TWO_POSTS, "红河镇", ("红河镇", "unit_mismatch", "-", "-")),
    "two posts, left blank": (TWO_POSTS, "", (None, "", "several", "error")),
    "two posts, no such unit": (TWO_POSTS, "某镇", (None, "", "", "error")),
    "a stranger with a unit's name": (STRANGER, "五图街道", ("五图街道", "unknown_sender", "-", "-")),
    "a stranger without a name": (STRANGER, "", (None, "unknown_sender", "missing", "warning")),
    "a stranger with an unknown name": (STRANGER, "某公司", (None, "unknown_sender", "unknown", "error")),
    "all three agree": (replying(WUTU, "五图街道"), "五图街道", ("五图街道", "", "-", "-")),
    "the letter was another unit's": (replying(WUTU, "乔官镇"), "五图街道", ("五图街道", "token_mismatch", "-", "-")),
    "letter and form are another unit's": (replying(WUTU, "乔官镇"), "乔官镇", ("乔官镇", "token_mismatch", "-", "-")),
    "the letter was another unit's, a blank form": (replying(WUTU, "乔官镇"), "", (None, "token_mismatch", "-", "-")),
    "the letter was about several": (replying(WUTU, "五图街道", "乔官镇"), "五图街道", ("五图街道", "", "-", "-")),
    "own letter, another unit's form": (replying(WUTU, "五图街道"), "乔官镇", ("乔官镇", "unit_mismatch", "-", "-")),
    "two posts, the letter tells which": (replying(TWO_POSTS, "乔官镇"), "", ("乔官镇", "", "blank", "warning")),
    "two posts, answering for the other": (replying(TWO_POSTS, "乔官镇"), "五图街道", ("五图街道", "", "-", "-")),
    "two posts, the letter was about both": (
        replying(TWO_POSTS, "五图街道", "乔官镇"),
        "",
        (None, "", "several", "error"),
    ),
    "a stranger who answers a unit's letter": (
        replying(STRANGER, "五图街道"),
        "五图街道",
        ("五图街道", "unknown_sender", "-", "-"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_whose(case: str) -> None:
    sender, text, expected = TABLE[case]
    assert summary(of(text, sender)) == expected


def test_the_finding_says_what_is_written_where_and_what_was_expected() -> None:
    found = of("五图镇", WUTU).finding
    assert found is not None
    assert (found.check, found.place) == ("unit", "A3")
    assert "“五图镇”" in found.message
    assert "“五图街道”" in found.message


def test_a_sender_of_two_units_is_told_both() -> None:
    found = of("", TWO_POSTS).finding
    assert found is not None
    assert "五图街道、乔官镇" in found.message


def test_the_unit_that_a_blank_form_counts_for_is_the_one_that_is_told() -> None:
    # given a sender of two units, who answers a letter about one of them
    found = of("", replying(TWO_POSTS, "乔官镇"))
    # then the warning names that one alone
    assert found.unit == "乔官镇"
    assert found.finding is not None
    assert "“乔官镇”" in found.finding.message


TOWNLESS = ANNEX4.model_copy(update={"owed": ANNEX4.owed.model_copy(update={"by": ("department",)})})


@pytest.mark.parametrize("text", ["五图街道", ""])
def test_a_unit_that_does_not_owe_the_form_is_told_so(text: str) -> None:
    found = whose(Written(text, "A3"), WUTU, TOWNLESS, RULES.units)
    assert summary(found) == ("五图街道", "", "not_owed", "warning")
    assert found.finding is not None
    assert "“五图街道”不在本表的应报单位之列" in found.finding.message


def test_nobody_is_told_what_he_owes_while_it_is_in_doubt_who_he_is() -> None:
    def of_townless(text: str, sender: KnownSender, form: FormRule = TOWNLESS) -> tuple[str | None, str, str, str]:
        return summary(whose(Written(text, "A3"), sender, form, RULES.units))

    assert of_townless("五图街道", STRANGER) == ("五图街道", "unknown_sender", "-", "-")
    assert of_townless("乔官镇", WUTU) == ("乔官镇", "unit_mismatch", "-", "-")
    assert of_townless("五图镇", WUTU) == ("五图街道", "", "", "error")
    # and a form without words for it says nothing
    silent = TOWNLESS.model_copy(update={"checks": ()})
    assert of_townless("五图街道", WUTU, silent) == ("五图街道", "", "-", "-")


def test_a_stranger_learns_no_registered_name() -> None:
    for text in ("", "某公司", None):
        found = of(text, STRANGER).finding
        assert found is not None
        assert not any(unit in found.message for unit in ALL_UNITS)


NAMES = st.none() | st.sampled_from([*ALL_UNITS, "", "某镇", "五图"])
POSTS = st.lists(st.sampled_from(ALL_UNITS), max_size=3, unique=True).map(tuple)


@given(NAMES, POSTS, POSTS)
def test_a_report_counts_at_once_only_for_a_unit_of_its_sender(
    text: str | None, posts: tuple[str, ...], answered: tuple[str, ...]
) -> None:
    # given any sender, form and answered letter
    found = of(text, KnownSender(posts, "", answered))
    # then what does not wait, and is no error, is for a post of the sender that the form does not contradict
    if not found.waiting and (found.finding is None or found.finding.severity == "warning"):
        named = RULES.units.resolve(text or "")
        assert found.unit in posts
        assert named is None or named.name == found.unit
        assert not answered or set(answered) & set(posts)
    # and a stranger's always waits
    assert posts or found.waiting == "unknown_sender"
