"""Settings of this installation: config.toml, checked, with relative paths made absolute.

Passwords are not settings: ``bot.secrets`` looks them up when a server is about to be asked.
"""

import os
import re
import tomllib
from datetime import datetime, time
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bot.errors import ConfigError

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PERIOD_PATTERN = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
Period = Annotated[str, Field(pattern=PERIOD_PATTERN)]
ADDRESS = re.compile(r"\A[^\s@<>,;:\"()\[\]\x00-\x20\x7f-\U0010ffff]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def _address(value: str) -> str:
    addresses = getaddresses([value])
    if len(addresses) != 1 or not ADDRESS.fullmatch(addresses[0][1]) or not value.isprintable():
        raise ValueError("expected an e-mail address")
    return value


Address = Annotated[str, AfterValidator(_address)]  # may have a name before it: 名称 <a@b.cn>
BareAddress = Annotated[str, Field(pattern=f"^{ADDRESS.pattern}$")]


class Section(BaseModel):
    """A table of config.toml: unknown keys are errors, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Office(Section):
    """``[office]``: how the office signs its letters, whom liaisons may call, its zone, and who its staff is."""

    name: str
    contact: str
    phone: str
    timezone: str = "Asia/Shanghai"
    staff: tuple[BareAddress, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: "Asia" is a folder
            raise ValueError("expected a time zone such as Asia/Shanghai") from error
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The zone of every date and deadline."""
        return ZoneInfo(self.timezone)

    @property
    def staff_addresses(self) -> frozenset[str]:
        """The staff's addresses in lower case, as mails are compared."""
        return frozenset(address.lower() for address in self.staff)


class Server(Section):
    """A server and how to reach it; its password stands elsewhere (``bot.secrets``)."""

    host: str
    port: int = Field(ge=1, le=65535)
    security: Literal["tls", "starttls", "none"]
    username: str
    timeout_seconds: float = Field(default=30, gt=0, le=600)

    @model_validator(mode="after")
    def _plain_text_stays_here(self) -> Self:
        if self.security == "none" and self.host not in LOOPBACK:
            raise ValueError('security = "none" is for 127.0.0.1 only; expected "tls" or "starttls"')
        return self


class MailboxSettings(Server):
    """``[mailbox]``: the IMAP account that liaisons write to."""

    folder: str = "INBOX"
    file_into: str = ""
    sent_folder: str = ""
    look_into: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    authserv_id: str = ""
    poll_minutes: float = Field(default=30, gt=0, le=240)


class SmtpSettings(Server):
    """``[smtp]``: how letters leave, and how many."""

    sender: Address = Field(alias="from")
    per_minute: int = Field(default=3, ge=1)
    per_day: int = Field(default=200, ge=1)
    deliver: Literal["send", "hold"] = "send"
    unproven: Literal["repeat", "ask"] = "repeat"
    timeout_seconds: float = Field(default=60, gt=0, le=600)


class Database(Section):
    """``[database]``: where the record is."""

    url: str = "sqlite:///data/bot.db"


class Campaign(Section):
    """``[campaign]``: the months that are collected, and from when on mail is answered."""

    first_period: Period
    last_period: Period
    answer_from: datetime | None = None

    @model_validator(mode="after")
    def _first_comes_first(self) -> Self:
        if self.first_period > self.last_period:
            raise ValueError(f"first_period {self.first_period} lies after last_period {self.last_period}")
        return self


class Schedule(Section):
    """``[schedule]``: how often, and on which day and at what time."""

    poll_seconds: float = Field(default=90, ge=1, le=86_400)
    digest_weekday: int = Field(default=1, ge=1, le=7)
    digest_time: time = time(8, 30)
    attention_hours: float = Field(default=2, ge=0, le=8_760)
    stale_poll_minutes: float = Field(default=60, gt=0, le=525_600)


class Watch(Section):
    """``[watch]``: when what lasts becomes a trouble that the office hears of."""

    probe_hours: float = Field(default=0, ge=0, le=8_760)
    probe_back_hours: float = Field(default=3, gt=0, le=8_760)
    outage_hours: float = Field(default=0, ge=0, le=8_760)
    outbox_minutes: float = Field(default=60, gt=0, le=525_600)
    disk_free_megabytes: float = Field(default=200, ge=0)


class Limits(Section):
    """``[limits]``: caps on what is written to anybody, and on attempts."""

    letters_per_address_per_day: int = Field(default=10, ge=1)
    answers_per_hour: int = Field(default=60, ge=1)
    strangers_share: float = Field(default=0.25, ge=0, le=1)
    mail_bytes: int = Field(default=71_680_000, ge=1)
    mail_seconds: float = Field(default=120, ge=5, le=1_500)
    stranger_seconds: float = Field(default=20, ge=1, le=1_500)
    attempts: int = Field(default=3, ge=1)
    attention_items: int = Field(default=40, ge=1)


class Paths(Section):
    """``[paths]``: the folders of rules, templates and data; ``open_board``: others may read the board there."""

    rules: Path = Path("rules")
    templates: Path = Path("templates")
    data: Path = Path("data")
    open_board: bool = False


class Trust(Section):
    """What an order by mail needs beside a staff address, where it answers no letter of ours, and how long one may lie
    unanswered."""

    without_token: Literal["confirm", "pass", "never"] = "confirm"
    token_days: float = Field(default=60, gt=0, le=3_660)


class Config(Section):
    """One config.toml, checked; see ``load_config``."""

    office: Office
    mailbox: MailboxSettings
    smtp: SmtpSettings
    database: Database = Database()
    campaign: Campaign
    schedule: Schedule = Schedule()
    watch: Watch = Watch()
    trust: Trust = Trust()
    limits: Limits = Limits()
    paths: Paths = Paths()

    @property
    def own_address(self) -> str:
        """The bare address that letters come from, in lower case."""
        return parseaddr(self.smtp.sender)[1].lower()

    @property
    def answer_from(self) -> datetime | None:
        """``[campaign] answer_from`` as an aware time; a naive one is in the office's zone."""
        moment = self.campaign.answer_from
        return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=self.office.zone)


def first_error(error: ValidationError) -> str:
    """The first complaint of pydantic as ``section.key: what was expected (got …)``."""
    # A misspelt key also makes its right spelling "missing": name what is written.
    return every_error(error)[0][1]


def every_error(error: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    """Every complaint of pydantic, misspelt keys first, with the path of its key."""
    items = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    misspelt = {item["loc"][:-1] for item in items if item["type"] == "extra_forbidden"}
    told = [item for item in items if item["type"] != "missing" or item["loc"][:-1] not in misspelt]
    return [(item["loc"], _complaint(item)) for item in told]


def _complaint(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "(file)"
    if item["type"] == "extra_forbidden":
        return f"{where}: no such key"
    if item["type"] == "missing":
        return f"{where}: this key is missing"
    return f"{where}: {item['msg'].removeprefix('Value error, ')} (got {item['input']!r})"


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables. ConfigError, naming file and line, if it cannot be read or parsed."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def load_config(path: Path | None = None) -> Config:
    """The settings from ``path``, else from ``BOT_CONFIG``, else from ./config.toml.

    Relative paths and a relative SQLite file are taken from the folder of the file itself.
    """
    path = (path or Path(os.environ.get("BOT_CONFIG") or "config.toml")).absolute()
    try:
        config = Config.model_validate(read_toml(path))
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_error(error)}") from error
    base = path.parent
    paths = config.paths.model_copy(update={k: base / v for k, v in config.paths if isinstance(v, Path)})
    url = config.database.url
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        url = f"sqlite:///{(base / url.removeprefix('sqlite:///')).as_posix()}"
    return config.model_copy(update={"paths": paths, "database": Database(url=url)})
