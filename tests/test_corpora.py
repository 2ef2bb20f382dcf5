"""The program that runs collections of mails and documents finds what it is there to find."""

import mailbox
import time
from pathlib import Path

import pytest

from bot.jobs import understand
from bot.jobs.parts import Bot
from bot.model.mail import RawMail
from tests import corpora
from tests.books import good, xlsx
from tests.mails import mail, report

LIST = xlsx(([["联络员名单"], ["单位", "姓名", "手机"], ["五图街道", "张伟", "13912345678"]], ()))
PLAIN = xlsx(([["通讯录"], ["单位", "姓名", "手机"], ["五图街道", "张伟", "13912345678"]], ()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A document of each kind, a mail in each container, and a file that is neither."""
    (tmp_path / "files").mkdir()
    for name, data in (("附件4.xlsx", good()), ("名单.xlsx", LIST), ("通讯录.xlsx", PLAIN), ("notes.md", b"x")):
        (tmp_path / "files" / name).write_bytes(data)
    (tmp_path / "one.eml").write_bytes(report("li@wutu.test"))
    box = mailbox.mbox(tmp_path / "some.mbox")
    for sender in ("a@x.test", "b@x.test"):
        box.add(mail(sender, "开会"))
    box.close()
    (tmp_path / "maildir" / "cur").mkdir(parents=True)
    (tmp_path / "maildir" / "cur" / "17.host:2,S").write_bytes(mail("c@x.test", "开会"))
    return tmp_path


def test_everything_is_run_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert corpora.main([str(folder)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("7 mails, ")
    assert "4 ignored, 3 waiting" in said
    assert "名单.xlsx: waiting to someone@corpora.example" in said
    answered, _, appointed = said.partition("appointed: 1\n")
    assert "通讯录.xlsx: " not in answered.partition("answered: ")[2]
    assert "名单.xlsx\nanswered without evidence: 0\ntoo slow: 0\nescapes: 0\n" in appointed


def test_with_a_roster_its_people_are_no_strangers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roster = folder / "roster.xlsx"
    roster.write_bytes(xlsx(([["单位", "姓名", "手机", "邮箱"], ["五图街道", "李明", "1", "li@wutu.test"]], ())))
    assert corpora.main(["--roster", str(roster), str(folder / "one.eml")]) == 0
    assert "receipt to li@wutu.test" in capsys.readouterr().out


def test_an_escape_and_a_hang_are_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = understand.open_mail

    def broken(raw: RawMail, bot: Bot) -> object:
        if b"a@x.test" in raw.data:
            raise KeyError("a bug")
        if b"b@x.test" in raw.data:
            time.sleep(60)
        return whole(raw, bot)

    monkeypatch.setattr(corpora, "open_mail", broken)
    assert corpora.main(["--seconds", "0.5", "--pictures", "0.5", str(folder / "some.mbox")]) == 1
    said = capsys.readouterr().out
    assert "KeyError: 'a bug'" in said
    assert "TimeoutError: more than 1.0 s" in said
    assert "escapes: 2" in said


def test_an_answer_to_a_stranger_without_evidence_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # as if the program did not ask for evidence
    monkeypatch.setattr("bot.jobs.understand.evident", lambda documents, *_: documents)
    assert corpora.main([str(folder / "files")]) == 1
    assert "通讯录.xlsx\ntoo slow" in capsys.readouterr().out.partition("answered without evidence: 1\n")[2]


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        corpora.main([str(tmp_path / "nowhere")])
    assert ended.value.code == 2
