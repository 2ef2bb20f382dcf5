"""What says of a list that it is a form of ours: the paper, its names, the mail's words, or our own question."""

from dataclasses import replace

import pytest

from bot.deciding.evident import UNNAMED, evident
from bot.model.forms import Document, Form, RowRead, Written
from bot.model.mail import Attachment
from tests.books import RULES
from tests.rosters import mail

ROW = RowRead("liaisons", {"name": Written("张伟", "B2"), "mobile": Written("13912345678", "C2")}, "B2")
LIST = Form("liaisons", "Sheet1", {}, {}, rows=(ROW,))
BOOK = Document("通讯录.xlsx", "xlsx", (LIST,))


@pytest.mark.parametrize(
    ("changes", "name", "inside", "taken"),
    [
        ({}, "通讯录.xlsx", (), False),
        ({"subject": "会议回执", "text": "现将参会人员报上，联系人张伟。"}, "回执.xlsx", (), False),
        ({"subject": "五图街道联络员名单"}, "附件.xlsx", (), True),
        ({"text": "因工作变动，更换联络员，见附件。"}, "附件.xlsx", (), True),
        ({}, "五图街道联络员登记表.xlsx", (), True),
        ({}, "附件.xlsx", ("联络员名单.zip",), True),
        ({"text": "收到。\n\n-----原始邮件-----\n请报送联络员名单"}, "通讯录.xlsx", (), False),  # our words, quoted
    ],
)
def test_the_mail_and_its_names_are_looked_at(
    changes: dict[str, str], name: str, inside: tuple[str, ...], taken: bool
) -> None:
    came = mail(**{"subject": "", "text": "", **changes}, attachments=(Attachment(name, b"x", inside),))
    (found,) = evident((replace(BOOK, name=name),), came, (), RULES)
    assert bool(found.forms) == taken
    assert (found.unreadable.code if found.unreadable else "") == ("" if taken else UNNAMED)


def test_whoever_was_asked_for_it_need_not_say_so_and_no_other_form_is_meant_by_that() -> None:
    came = mail(subject="", text="", attachments=(Attachment("表.xlsx", b"x"),))
    assert evident((BOOK,), came, ("liaisons",), RULES) == (BOOK,)
    assert evident((BOOK,), came, ("annex2",), RULES)[0].forms == ()


def test_what_stands_beside_it_stays() -> None:
    numbers = Form("annex4", "Sheet1", {}, {})
    came = mail(subject="", text="", attachments=(Attachment("表.xlsx", b"x"),))
    (found,) = evident((replace(BOOK, forms=(numbers, LIST)),), came, (), RULES)
    assert (found.forms, found.unreadable) == ((numbers,), None)
    titled = replace(BOOK, forms=(replace(LIST, titled=True),))
    assert evident((titled,), came, (), RULES) == (titled,)
