"""A county whose connections are harmed: one life with a fault on one of its two lines, then lives without."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from tests.bots import at, events
from tests.faults.county import Account, County, Truth
from tests.faults.inside import Inside, live_inside
from tests.faults.proxy import Fault, Proxy, Way

Line = Literal["imap", "smtp"]
TIMEOUT = 1.0  # seconds, in a life with a fault
WITHIN = 20.0  # a life with a fault: some time-outs, and what a busy machine needs
CALM = 60.0  # one without, whose time-outs are the usual ones


@dataclass(frozen=True, slots=True)
class Suffered:
    """What came of one fault. ``announced`` are the letters of which it was said that they may have come twice."""

    account: Account
    announced: int
    life: Inside
    struck: bool
    where: str


@dataclass
class Scene:
    """Mails that have come to an office when a fault strikes at ``now``, after a life at ``earlier`` in which
    ``unsure`` lets one letter's answer be lost."""

    office: County
    mails: tuple[bytes, ...]
    now: str
    earlier: str = ""
    before: tuple[bytes, ...] = ()
    unsure: bool = False
    encrypted: bool = False
    settled_after: timedelta = timedelta(minutes=20)

    def stage(self, folder: Path) -> None:
        """What it comes to undisturbed, and how many bytes go over each line."""
        self.sent = list(self.office.office.sent)
        county = self._begun(folder)
        with Proxy(self._port("imap")) as imap, Proxy(self._port("smtp")) as smtp:
            live_inside(self._through(county, imap.port, smtp.port, CALM).config, self.now, CALM)
            self.length: dict[tuple[Line, Way], int] = {
                ("imap", "up"): imap.passed["up"], ("imap", "down"): imap.passed["down"],
                ("smtp", "up"): smtp.passed["up"], ("smtp", "down"): smtp.passed["down"],
            }  # fmt: skip
        self._settle(county)
        self.calm: Truth = county.truth()
        assert county.account(self.calm) == Account([], [], [])

    def suffer(self, folder: Path, line: Line, fault: Fault) -> Suffered:
        county = self._begun(folder)
        with ExitStack() as stack:
            harmed = stack.enter_context(Proxy(self._port(line), fault))
            ports = {"imap": self._port("imap"), "smtp": self._port("smtp"), line: harmed.port}
            life = live_inside(self._through(county, ports["imap"], ports["smtp"], TIMEOUT).config, self.now, WITHIN)
        self._settle(county)
        with county.record() as bot:
            announced = len(events(bot, "letter.unproven"))
        return Suffered(county.account(self.calm), announced, life, harmed.struck, f"{line} {fault}")

    def _begun(self, folder: Path) -> County:
        county = self.office.copy_to(folder)
        county.office.sent.extend(self.sent)
        if self.before:
            county.deliver(*self.before)
            live_inside(county.config, self.earlier, CALM)
        county.deliver(*self.mails)
        return county

    def _settle(self, county: County) -> None:
        county.office.settle()  # the machine's clock, while the lives' own one jumps
        direct = County(county.folder, county.office)  # writes its config.toml
        for number in (1, 2):
            later = at(self.now) + self.settled_after * number
            life = live_inside(direct.config, later.strftime("%Y-%m-%dT%H:%M"), CALM)
            assert life.status == 0, life.broken

    def _port(self, line: Line) -> int:
        office = self.office.office
        plain, encrypted = {
            "imap": (office.imap_port, office.server.tls_port),
            "smtp": (office.smtp_port, office.smtp_tls_port),
        }[line]
        return encrypted if self.encrypted else plain

    def _through(self, county: County, imap: int, smtp: int, seconds: float) -> County:
        common: dict[str, Any] = {"timeout_seconds": seconds, "security": "tls" if self.encrypted else "none"}
        changes = {"mailbox": {"port": imap, **common}, "smtp": {"port": smtp, **common}}
        return County(county.folder, county.office, changes)
