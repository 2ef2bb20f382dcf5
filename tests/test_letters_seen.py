"""Letters as they are seen: in a browser at the width of a telephone, and as text in 72 columns."""

import re
from pathlib import Path

import pytest

from bot.letters.filters import TEXT_COLUMNS, display_width
from bot.letters.render import Renderer
from tests import chromium
from tests.letters.cases import CASES
from tests.letters.page import Page
from tests.letters.values import OFFICE, SENDER
from tests.letters_golden import TEMPLATES, words_of

RENDERER = Renderer(TEMPLATES, OFFICE, SENDER)
LETTERS = {name: words_of(RENDERER, draft) for name, draft in CASES.items()}
TELEPHONE, SCREEN = 375, 1280
seen = pytest.mark.skipif(chromium.PROGRAM is None, reason="Chromium is not installed")


@seen
@pytest.mark.parametrize("width", [TELEPHONE, SCREEN])
def test_no_letter_is_wider_than_its_window(width: int, tmp_path: Path) -> None:
    pages = {name: words["body.html"] for name, words in LETTERS.items()}
    sizes = chromium.measure(pages, width, tmp_path)
    assert set(sizes) == set(LETTERS)
    for name, (window, across, height, beyond) in sizes.items():
        assert window == width, name
        assert (across, beyond) == (width, 0), name
        assert height > 300, name  # it was laid out at all


@seen
def test_a_letter_that_is_too_wide_would_be_found(tmp_path: Path) -> None:
    wide = LETTERS["receipt_single"]["body.html"].replace("<h1", '<p style="width:500px">x</p><h1')
    (_, across, _, beyond) = chromium.measure({"wide": wide}, TELEPHONE, tmp_path)["wide"]
    assert across > TELEPHONE and beyond > 0


@pytest.mark.parametrize("case", CASES)
def test_plain_text_fits_and_names_nothing_by_its_name_in_the_program(case: str) -> None:
    text, page = LETTERS[case]["body.txt"], Page(LETTERS[case]["body.html"]).text
    assert max(display_width(line) for line in text.splitlines()) <= TEXT_COLUMNS
    for words in (text, page, LETTERS[case]["subject.txt"]):
        assert not re.search(r"null|None|undefined|nan\b|\.toml|\.py\b|True|False|\{|\}|_[a-z]", words), case
        assert not re.search(r"[：，；、。]{2}|（）|“”|《》", words), case  # what a missing value leaves behind


@pytest.mark.parametrize("case", CASES)
def test_every_letter_is_addressed_and_signed(case: str) -> None:
    text = LETTERS[case]["body.txt"]
    # then somebody is greeted, but in a week in which there is nothing to say
    if case != "digest_quiet":
        assert "您好！" in text
    # and office and day stand at its end, each on a line of its own
    signed = text.split("--------")[0].rstrip().splitlines()[-2:]
    assert signed[0] == OFFICE.name
    assert re.fullmatch(r"20(17|20)年\d{1,2}月\d{1,2}日", signed[1])
    assert not re.search(r"你(?!们)|亲", text)  # 您, 贵单位
