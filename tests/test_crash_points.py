"""The process dies at points where it touches the outside; the lives after it make the office whole."""

from pathlib import Path

from tests.faults.county import LI, WANG, Account, County
from tests.faults.life import KILLED
from tests.mails import mail, report
from tests.servers.dovecot import DovecotOffice

NOW = "2017-07-06T09:00"
POST = (report(LI), report(WANG, "乔官镇", total=33), report("stranger@demo.test", "营丘镇"), mail(LI, "开会"))


def test_a_death_after_the_first_commit_of_the_archive_is_made_whole(dovecot: DovecotOffice, tmp_path: Path) -> None:
    # given what an undisturbed county comes to
    office = County(tmp_path / "office", dovecot)
    office.prepare()
    calm = office.copy_to(tmp_path / "calm")
    calm.deliver(*POST)
    life = calm.live(NOW)
    calm.settle(NOW)
    truth = calm.truth()
    assert calm.account(truth) == Account([], [], [])
    # when
    fetched = life.points.index("after imap answer to UID", life.points.index("after imap UID FETCH"))
    shaken = office.copy_to(tmp_path / "shaken")
    shaken.deliver(*POST)
    assert shaken.live(NOW, die_at=life.points.index("after commit", fetched) + 1).status == KILLED
    shaken.settle(NOW)
    # then
    assert shaken.account(truth) == Account([], [], [])
