"""A small county on real servers: what is delivered to the office, the lives of the bot, and what came of it."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from bot.config import load_config
from bot.demo.smtp_server import Posted
from bot.letters.render import Renderer
from bot.record import schema
from tests.bots import appoint, at, build, config_file, first_run, header, rows
from tests.faults.life import Life, live
from tests.servers.dovecot import DovecotOffice

LI, WANG, ZHAO = "li@demo.test", "wang@demo.test", "zhao@demo.test"
STAFF = "staff@demo.test"
SENT = "已发送"


@dataclass(frozen=True, slots=True)
class Account:
    """What the faults did: each entry names a mail, report or letter. All three lists empty is what is promised.

    ``lost``: a mail that is not accounted for, a report or letter that an undisturbed county has and this one not.
    ``twice``: what was recorded or sent more than once. ``open``: what is unfinished though nothing disturbs any more.
    """

    lost: list[str]
    twice: list[str]
    open: list[str]


@dataclass
class County:
    """An installation in a folder. The servers belong to ``office`` and live on when the process dies."""

    folder: Path
    office: DovecotOffice
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    delivered: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.config = config_file(self.folder, **settings(self.office, self.changes))

    def prepare(self, since: datetime | None = None) -> None:
        """An office since June, or ``since``, with the liaisons of three units, and its templates compiled once."""
        made = load_config(self.config)
        compiled = made.paths.data / "compiled"
        compiled.parent.mkdir(exist_ok=True)
        Renderer(made.paths.templates, made.office, made.smtp.sender, compiled).check()
        with build(load_config(self.config)) as bot:
            first_run(bot, since or at("2017-06-20T09:00"))
            appoint(bot, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG), ("红河镇", "赵云", ZHAO))

    def copy_to(self, folder: Path) -> "County":
        """The same county as it stands in its SQLite file, in another folder; mailbox and sink are emptied."""
        shutil.copytree(self.folder / "data", folder / "data")
        self.office.empty()
        return County(folder, self.office, self.changes)

    def save(self, folder: Path) -> "Saved":
        """The county as it stands, mailbox and sink too; no life may be under way."""
        shutil.copytree(self.folder / "data", folder / "data")
        return Saved(folder, self.office.save(folder / "mail"), tuple(self.delivered))

    def resume(self, saved: "Saved", folder: Path) -> "County":
        """What was saved, in another folder."""
        shutil.copytree(saved.folder / "data", folder / "data")
        self.office.put_back(saved.folder / "mail", saved.sent)
        return County(folder, self.office, self.changes, list(saved.delivered))

    def deliver(self, *mails: bytes, when: str = "2017-07-03T10:00") -> None:
        for data in mails:
            self.office.deliver(self.office.username, data, at(when))
            self.delivered.append(data)

    def live(self, now: str, die_at: int = 0) -> Life:
        return live(self.config, now, die_at)

    def settle(self, now: str, lives: int = 3) -> None:
        """Undisturbed lives after ``now``, twenty minutes apart, each of which must end well."""
        for number in range(1, lives + 1):
            later = at(now) + timedelta(minutes=20 * number)
            life = self.live(later.strftime("%Y-%m-%dT%H:%M"))
            assert life.status == 0, life.log

    @contextmanager
    def record(self) -> Iterator[Any]:
        with build(load_config(self.config)) as bot:
            yield bot

    def truth(self) -> "Truth":
        with self.record() as bot:
            mails = {row.sha256: f"{row.state} {row.outcome}" for row in rows(bot, schema.mail)}
            reports = Counter(
                f"{r.unit} {r.form} {r.period} v{r.version} {r.outcome}" for r in rows(bot, schema.report)
            )
            letters = {row.key: row.state for row in rows(bot, schema.letter)}
        sent = Counter(header(posted.data, "X-Bot-Key") for posted in self.office.sent)
        return Truth(mails, reports, letters, sent)

    def account(self, calm: "Truth") -> Account:
        """This county against one that nothing disturbed and that got the same mail."""
        here = self.truth()
        expected = [sha256(data).hexdigest() for data in self.delivered]
        lost = [f"mail {sha[:12]}" for sha in expected if sha not in here.mails]
        lost += [f"report {key}" for key in calm.reports - here.reports]
        lost += [f"letter {key}" for key in calm.regular - here.regular]
        twice = [f"report {key}" for key in here.reports - calm.reports]
        twice += [f"letter {key} {n} times" for key, n in here.sent.items() if n > 1]
        twice += [f"letter {key}" for key in here.regular - calm.regular]
        unfinished = [f"mail {sha[:12]} {state}" for sha, state in here.mails.items() if calm.mails.get(sha) != state]
        unfinished += [f"letter {key} {s}" for key, s in here.letters.items() if s in ("queued", "sending")]
        unfinished += [
            f"letter {key} not at the server" for key, s in here.letters.items() if s == "sent" and key not in here.sent
        ]
        return Account(lost, twice, unfinished)


@dataclass(frozen=True, slots=True)
class Saved:
    """A county at one moment: its data and its mailbox in a folder, what the sink had taken, what was delivered."""

    folder: Path
    sent: list[Posted]
    delivered: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """What stands in the record, and what the SMTP server took, by X-Bot-Key."""

    mails: dict[str, str]
    reports: Counter[str]
    letters: dict[str, str]
    sent: Counter[str]

    @property
    def regular(self) -> set[str]:
        """The letters that were sent, without the bundles to the office, which may tell of the fault itself."""
        return {key for key in self.sent if not key.startswith("attention:")}


def settings(office: DovecotOffice, changes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The sections of config.toml for an office, with ``changes`` laid over them."""
    sections: dict[str, dict[str, Any]] = {
        "office": {"staff": [STAFF]},
        "mailbox": {"port": office.imap_port, "username": office.username, "file_into": "已处理"},
        "smtp": {"port": office.smtp_port, "username": office.username, "from": f"办公室 <{office.username}>"},
    }
    for section, keys in changes.items():
        sections.setdefault(section, {}).update(keys)
    return sections
