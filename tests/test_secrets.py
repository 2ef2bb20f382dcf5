"""Passwords: environment, then a file that it names, then the keyring; else one line that says where to put it."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import keyring.errors
import pytest

from bot import secrets
from bot.clock import parse_now, system_clock
from bot.errors import ConfigError, UsageError
from bot.secrets import password


@pytest.fixture(autouse=True)
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No password anywhere."""
    for part in ("MAILBOX", "SMTP"):
        monkeypatch.delenv(f"BOT_{part}_PASSWORD", raising=False)
        monkeypatch.delenv(f"BOT_{part}_PASSWORD_FILE", raising=False)
    monkeypatch.setattr("keyring.get_password", lambda service, user: None)


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("from file")
    monkeypatch.setenv("BOT_SMTP_PASSWORD_FILE", str(tmp_path / "p"))
    assert password("smtp") == "from file"
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "from environment")
    assert password("smtp") == "from environment"


@pytest.mark.parametrize("written", [b"code", b"code\n", b"code\r\n", b"\xef\xbb\xbfcode\r\n", b"  code  \n\n"])
def test_a_file_as_any_editor_leaves_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: bytes) -> None:
    (tmp_path / "p").write_bytes(written)
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD_FILE", str(tmp_path / "p"))
    assert password("mailbox") == "code"


@pytest.mark.parametrize("written", [None, b"", b"\n", b"\xff\xfe\x00"])
def test_a_file_that_holds_no_password_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: bytes | None
) -> None:
    if written is not None:
        (tmp_path / "p").write_bytes(written)
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD_FILE", str(tmp_path / "p"))
    with pytest.raises(ConfigError, match=r"^BOT_MAILBOX_PASSWORD_FILE: .*p") as caught:
        password("mailbox")
    assert "\n" not in str(caught.value)


def test_the_keyring_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def ring(service: str, user: str) -> str:
        asked.append((service, user))
        return "from keyring"

    monkeypatch.setattr("keyring.get_password", ring)
    assert password("mailbox") == "from keyring"
    assert asked == [(secrets.KEYRING_SERVICE, "mailbox")]
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "nearer")
    assert password("mailbox") == "nearer"
    assert len(asked) == 1


@pytest.mark.parametrize("error", [None, keyring.errors.NoKeyringError("no backend"), keyring.errors.KeyringLocked()])
def test_none_anywhere_says_where_it_was_looked_for(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> None:
    def ring(service: str, user: str) -> None:
        if error is not None:
            raise error

    monkeypatch.setattr("keyring.get_password", ring)
    with pytest.raises(ConfigError, match="BOT_SMTP_PASSWORD or BOT_SMTP_PASSWORD_FILE"):
        password("smtp")


# The clock


ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2017-07-06T09:00", datetime(2017, 7, 6, 1, 0, tzinfo=UTC)),
        ("2017-07-06 09:00:01", datetime(2017, 7, 6, 1, 0, 1, tzinfo=UTC)),
        ("2017-07-06", datetime(2017, 7, 5, 16, 0, tzinfo=UTC)),
        ("2017-07-06T01:00Z", datetime(2017, 7, 6, 1, 0, tzinfo=UTC)),
        ("2017-07-05T18:00-07:00", datetime(2017, 7, 6, 1, 0, tzinfo=UTC)),
    ],
)
def test_now_is_naive_in_the_office_or_has_an_offset(text: str, moment: datetime) -> None:
    assert parse_now(text, ZONE) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2017-13-01T00:00", "09:00", "0001-01-01T00:00", "9999-12-31T23:59"])
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--now: expected a time"):
        parse_now(text, ZONE)


def test_without_now_there_is_the_clock() -> None:
    assert parse_now(None, ZONE) is None
    assert abs((system_clock() - datetime.now(UTC)).total_seconds()) < 5
