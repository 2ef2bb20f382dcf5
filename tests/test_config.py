"""config.toml: what ships is read, and every wrong key or value is one line that names it."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import ADDRESS, Config, load_config
from bot.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
GOOD = """
[office]
name = "办公室"
contact = "值班员"
phone = "6228071"
timezone = "Asia/Shanghai"
staff = ["staff@county.test"]
[mailbox]
host = "imap.163.com"
port = 993
security = "tls"
username = "office@163.com"
[smtp]
host = "smtp.163.com"
port = 465
security = "tls"
username = "office@163.com"
from = "办公室 <Office@163.com>"
[campaign]
first_period = "2017-06"
last_period = "2019-12"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def config_of(file: Path, old: str = "", new: str = "", more: str = "") -> Config:
    assert old in GOOD
    file.write_text(GOOD.replace(old, new, 1) + more, encoding="utf-8")
    return load_config(file)


def complaint(file: Path, old: str, new: str, more: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        config_of(file, old, new, more)
    text = str(caught.value)
    assert text.startswith(str(file))
    assert "\n" not in text
    return text.removeprefix(f"{file}: ")


# What ships.


def test_the_file_that_ships_is_read_and_holds_its_letters_back() -> None:
    config = load_config(ROOT / "config.toml")
    assert config.smtp.deliver == "hold"
    assert (config.campaign.first_period, config.campaign.last_period) == ("2017-06", "2019-12")
    assert config.answer_from is None
    assert config.own_address == "clawhbgs@163.com"


def test_the_file_that_ships_names_every_key() -> None:
    """ "Every key, commented": a key that exists and stands nowhere in it would be found by nobody."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text.replace("# answer_from", "answer_from"))
    for section, about in Config.model_fields.items():
        wanted = {f.alias or name for name, f in about.annotation.model_fields.items()}  # type: ignore[union-attr]
        assert set(data[section]) == wanted


def test_the_file_that_ships_holds_no_secret() -> None:
    assert "password =" not in (ROOT / "config.toml").read_text(encoding="utf-8").lower()


# What is filled in.


def test_what_is_left_out_has_a_default(file: Path) -> None:
    config = config_of(file)
    assert config.database.url == f"sqlite:///{file.parent.as_posix()}/data/bot.db"
    assert (config.smtp.deliver, config.smtp.per_minute, config.smtp.per_day) == ("send", 3, 200)
    assert (config.mailbox.folder, config.limits.attempts, config.limits.letters_per_address_per_day) == (
        "INBOX",
        3,
        10,
    )
    assert config.paths.rules == file.parent / "rules"


def test_relative_paths_are_taken_from_the_file_s_folder(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = '[paths]\nrules = "r"\ntemplates = "/t"\n[database]\nurl = "sqlite:///x/y.db"\n'
    config_of(file, more=more)
    monkeypatch.chdir(file.parent)
    config = load_config(Path("config.toml"))
    assert (config.paths.rules, config.paths.templates) == (file.parent / "r", Path("/t"))
    assert config.database.url == f"sqlite:///{file.parent.as_posix()}/x/y.db"


@pytest.mark.parametrize("url", ["sqlite:////var/bot.db", "postgresql+psycopg://bot@host/bot", "sqlite://"])
def test_other_databases_stay_as_they_are_written(file: Path, url: str) -> None:
    assert config_of(file, more=f'[database]\nurl = "{url}"\n').database.url == url


def test_the_environment_names_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_CONFIG", str(file))
    assert load_config().office.contact == "值班员"


def test_a_file_with_a_byte_order_mark_is_read(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_config(file).office.name == "办公室"


def test_our_own_address_is_bare_and_in_lower_case(file: Path) -> None:
    assert config_of(file).own_address == "office@163.com"


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2017-06-01T00:00:00", datetime(2017, 5, 31, 16, tzinfo=UTC)),
        ("2017-06-01T00:00:00Z", datetime(2017, 6, 1, tzinfo=UTC)),
        ('"2017-06-01T00:00"', datetime(2017, 5, 31, 16, tzinfo=UTC)),
        ("2017-06-01", datetime(2017, 5, 31, 16, tzinfo=UTC)),
    ],
)
def test_answer_from_without_a_zone_is_in_the_office_s(file: Path, written: str, moment: datetime) -> None:
    assert config_of(file, more=f"answer_from = {written}\n").answer_from == moment


# What is wrong.

WRONG = {
    "a misspelt key": ("timezone", "timezon", "office.timezon: no such key"),
    "a misspelt section": ("[office]", "[ofice]", "ofice: no such key"),
    "a key that is missing": ('contact = "值班员"\n', "", "office.contact: this key is missing"),
    "a missing section": ('[campaign]\nfirst_period = "2017-06"\nlast_period = "2019-12"\n', "", "campaign: this"),
    "a password": ('username = "office@163.com"', 'username = "a"\npassword = "x"', "mailbox.password: no such key"),
    "a zone that does not exist": ("Asia/Shanghai", "Asia/Beijing", "office.timezone: expected a time zone such as"),
    "a zone that is a folder": ("Asia/Shanghai", "Asia", "office.timezone: expected a time zone such as"),
    "no zone": ('"Asia/Shanghai"', '""', "office.timezone: expected a time zone such as"),
    "a zone out of the folder": ("Asia/Shanghai", "../../etc/passwd", "office.timezone: expected a time zone such as"),
    "staff that is no list": ('["staff@county.test"]', '"staff@county.test"', "office.staff: "),
    "staff with a name": ("staff@county.test", "李 <staff@county.test>", "office.staff.0: "),
    "staff without a domain": ("staff@county.test", "staff", "office.staff.0: "),
    "a port that is none": ("993", "0", "mailbox.port: "),
    "a port beyond": ("993", "65536", "mailbox.port: "),
    "a port in words": ("993", '"imap"', "mailbox.port: "),
    "an unknown security": ('security = "tls"', 'security = "ssl"', "mailbox.security: "),
    "plain text over the net": ('security = "tls"', 'security = "none"', 'mailbox: security = "none" is for'),
    "a From that is no address": ("办公室 <Office@163.com>", "办公室", "smtp.from: expected an e-mail address"),
    "a From of two": ("办公室 <Office@163.com>", "a@b.cn, c@d.cn", "smtp.from: expected"),
    "a From with a line break": ("办公室 <Office@163.com>", "a@b.cn\\nBcc: c@d.cn", "smtp.from: expected"),
    "a month that is none": ('"2017-06"', '"2017-13"', "campaign.first_period: "),
    "a month as a date": ('"2017-06"', "2017-06-01", "campaign.first_period: "),
    "a month with full-width digits": ('"2017-06"', '"２０１７-06"', "campaign.first_period: "),
    "the last month before the first": ('"2019-12"', '"2017-05"', "campaign: first_period 2017-06 lies after"),
    "no TOML": ("[office]", "[office", "line 2"),
    "a key twice": ("phone =", "name =", "line"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_line_that_names_it(case: str, file: Path) -> None:
    old, new, expected = WRONG[case]
    assert expected in complaint(file, old, new)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("[schedule]\npoll_seconds = 0", "schedule.poll_seconds"),
        ("[schedule]\npoll_seconds = inf", "schedule.poll_seconds"),
        ("[schedule]\npoll_seconds = nan", "schedule.poll_seconds"),
        ("[schedule]\npoll_seconds = 1e300", "schedule.poll_seconds"),
        ("[schedule]\nattention_hours = inf", "schedule.attention_hours"),
        ("[schedule]\nattention_hours = 1e300", "schedule.attention_hours"),
        ("[schedule]\nstale_poll_minutes = inf", "schedule.stale_poll_minutes"),
        ("[schedule]\nstale_poll_minutes = -1", "schedule.stale_poll_minutes"),
        ("[schedule]\ndigest_weekday = 0", "schedule.digest_weekday"),
        ("[schedule]\ndigest_weekday = 8", "schedule.digest_weekday"),
        ('[schedule]\ndigest_time = "25:00"', "schedule.digest_time"),
        ("[limits]\nattempts = 0", "limits.attempts"),
        ("[limits]\nletters_per_address_per_day = 0", "limits.letters_per_address_per_day"),
        ("[limits]\nmail_bytes = 1.5", "limits.mail_bytes"),
        ("[database]\nurl = 5", "database.url"),
        ("[database]\npath = 'x'", "database.path: no such key"),
        ("[paths]\nrules = 5", "paths.rules"),
        ('answer_from = "yesterday"', "campaign.answer_from"),
        ("[more]\nx = 1", "more: no such key"),
    ],
)
def test_a_wrong_value_in_a_section_with_defaults(more: str, expected: str, file: Path) -> None:
    assert expected in complaint(file, "", "", more + "\n")


def test_a_misspelt_key_is_named_and_not_the_one_that_it_hides(file: Path) -> None:
    # given contact misspelt: it is also missing
    assert complaint(file, "contact", "kontact") == "office.kontact: no such key"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_plain_text_on_this_very_machine(file: Path, host: str) -> None:
    text = GOOD.replace("imap.163.com", host).replace('security = "tls"', 'security = "none"', 1)
    file.write_text(text, encoding="utf-8")
    assert load_config(file).mailbox.security == "none"


def test_a_file_that_is_not_there_or_not_readable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml: no such file"):
        load_config(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match=str(tmp_path)):
        load_config(tmp_path)
    gbk = tmp_path / "gbk.toml"
    gbk.write_bytes(GOOD.encode("gbk"))
    with pytest.raises(ConfigError, match=r"gbk\.toml"):
        load_config(gbk)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_address_carries_a_line_or_a_second_one(text: str) -> None:
    """What passes can stand in a header and in a command of SMTP."""
    if ADDRESS.fullmatch(text):
        assert text.isascii()
        assert text.isprintable()
        assert text.count("@") == 1
        assert not set(text) & set(' <>,;:"()[]')


@pytest.mark.parametrize("text", ["a@b.cn", "A.B+c@sub.example.cn", "1@163.com", "a_b-c@x-y.cn"])
def test_addresses(text: str) -> None:
    assert ADDRESS.fullmatch(text)


@pytest.mark.parametrize(
    "text", ["a@b", "@b.cn", "a@", "a b@c.cn", "a@b..cn", "a@b.cn.", "a@b.cn\n", "李@b.cn", "a@邮.cn", "a@@b.cn"]
)
def test_no_addresses(text: str) -> None:
    assert not ADDRESS.fullmatch(text)
