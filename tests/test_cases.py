"""Every case in tests/cases: the mail as it came, explained against the world that it came into."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.jobs.parts import Bot
from bot.jobs.understand import open_mail
from bot.model.mail import RawMail
from tests import case_files, scans
from tests.case_files import FILES, FOLDER, Given, cases, explained
from tests.cases.collected import MAILS, THEMES
from tests.cases.made import FILES as MADE
from tests.cases.made import MAKERS
from tests.servers.need import program

CASES = cases()
LARGEST = 150_000  # bytes of a committed mail


@pytest.fixture(scope="module")
def office() -> Iterator[Bot]:
    with case_files.office() as bot:
        yield bot


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case: Path, office: Bot) -> None:
    _skip_without(Given.of(case).needs)
    expected = case / "expected.json"
    assert expected.exists(), f"no expectation: python -m tests.case_files expect {case.name[:4]}"
    assert explained(case, office) == json.loads(expected.read_text(encoding="utf-8"))


def _skip_without(needs: str | None) -> None:
    """Skips where what reads the mail is absent, but never on the build machine."""
    if needs == "ocr":
        scans.need_ocr()
    elif needs:
        program(needs)


def test_no_file_is_left_over_and_no_number_stands_twice() -> None:
    modules = {f"{theme.__name__.rpartition('.')[2]}.py" for theme in THEMES}
    modules |= {"__init__.py", "collected.py", "made.py", "parts.py", "registry.py"}
    assert {path.name for path in FOLDER.iterdir() if not path.is_dir()} == modules | {"roster.toml"}
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()} - {"__pycache__"}
    assert folders == {case.name for case in CASES} | {MADE.name}
    assert {path.name for path in MADE.iterdir()} == set(MAKERS)
    for case in CASES:
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+", case.name), case.name
        files = {path.name for path in case.iterdir()}
        assert {"mail.eml"} <= files <= FILES, case.name
    numbers = [case.name[:4] for case in CASES]
    assert len(set(numbers)) == len(numbers)


def test_every_mail_is_the_one_that_the_code_makes() -> None:
    assert {case.name for case in CASES} == set(MAILS)
    changed = [name for name, build in MAILS.items() if (FOLDER / name / "mail.eml").read_bytes() != build()]
    assert changed == []


@pytest.mark.parametrize(
    ("number", "detail"),
    [
        ("0042", "80.96M, 2017年8月2日 0:49 到期"),
        ("0086", "30.5M, 2017-08-02 00:49"),
        ("0087", "25.3MB, 2017年7月10日到期"),
    ],
)
def test_size_and_expiry_of_a_link_are_kept_for_the_office(number: str, detail: str, office: Bot) -> None:
    (case,) = (case for case in CASES if case.name.startswith(number))
    raw = RawMail((case / "mail.eml").read_bytes(), datetime(2017, 7, 3, 2, tzinfo=UTC))
    (refused,) = open_mail(raw, office).mail.refused
    assert (refused.name, refused.detail) == ("五图街道附件4.xlsx", detail)


def test_no_mail_is_large() -> None:
    assert [case.name for case in CASES if (case / "mail.eml").stat().st_size > LARGEST] == []


def test_what_is_given_can_be_read() -> None:
    for case in CASES:
        assert Given.of(case).people, case.name


def test_no_case_leads_to_two_letters_or_to_a_letter_to_somebody_else() -> None:
    for case in CASES:
        shape = json.loads((case / "expected.json").read_text(encoding="utf-8"))
        assert len(shape["letters"]) <= 1, case.name
        assert all(letter["to"] == shape["from"] for letter in shape["letters"]), case.name
        assert not (shape["automatic"] and shape["letters"]), case.name


def test_the_command_refuses_to_overwrite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a case whose expectation stands
    case = tmp_path / "0001-x"
    case.mkdir()
    (case / "mail.eml").write_bytes((FOLDER / "0046-thanks" / "mail.eml").read_bytes())
    (case / "expected.json").write_text("{}", encoding="utf-8")
    (tmp_path / "roster.toml").write_bytes((FOLDER / "roster.toml").read_bytes())
    monkeypatch.setattr(case_files, "FOLDER", tmp_path)
    # when it is asked for again
    assert case_files.main(["expect", "0001"]) == 1
    # then it stays, and after it was deleted it is written
    assert (case / "expected.json").read_text(encoding="utf-8") == "{}"
    assert "not overwritten" in capsys.readouterr().out
    (case / "expected.json").unlink()
    assert case_files.main(["expect", "0001"]) == 0
    assert json.loads((case / "expected.json").read_text(encoding="utf-8"))["outcome"] == "ignored"
    assert case_files.main([]) == 2
