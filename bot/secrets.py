"""Where passwords come from: the environment, a file that it names, or the system keyring."""

import os
from pathlib import Path

from bot.errors import ConfigError

KEYRING_SERVICE = "annex4-bot"


def password(part: str) -> str:
    """The password of ``mailbox`` or ``smtp``. ConfigError says where one was looked for."""
    variable = f"BOT_{part.upper()}_PASSWORD"
    if value := os.environ.get(variable):
        return value
    if file := os.environ.get(f"{variable}_FILE"):
        try:
            value = Path(file).read_text(encoding="utf-8-sig").strip()  # an editor on Windows may add a mark
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{variable}_FILE: {file}: {error}") from error
        if not value:
            raise ConfigError(f"{variable}_FILE: {file} is empty")
        return value
    if value := _from_keyring(part):
        return value
    raise ConfigError(f"no password for {part}: set {variable} or {variable}_FILE, or keep it in the keyring")


def keep(part: str, value: str) -> bool:
    """Puts a password into the system keyring; False where there is none, or one that keeps nothing."""
    import keyring
    import keyring.errors

    try:
        keyring.set_password(KEYRING_SERVICE, part, value)
    except keyring.errors.KeyringError:
        return False
    return _from_keyring(part) == value


def _from_keyring(part: str) -> str | None:
    import keyring
    import keyring.errors

    try:
        return keyring.get_password(KEYRING_SERVICE, part)
    except keyring.errors.KeyringError:  # a server without a desktop has no keyring backend
        return None
