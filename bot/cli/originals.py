"""``explain NUMBER --files DIR``: the files of a mail as they came, written out for who must look at them."""

from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.jobs.parts import Bot


def write_originals(bot: "Bot", number: str, folder: Path) -> list[Path]:
    """Writes the attachments of a mail, named by its number or by that of a letter that answers it; of archives what
    lies in them. Under cleaned names by which nothing starts, each ending in ``_``; overwrites nothing. UsageError."""
    from bot.cli.tracing import number_in
    from bot.letters.mime import file_name
    from bot.record import archive, history

    with bot.record.read() as conn:
        token = number_in(number)
        letter = history.letter_of(conn, token) if token else None
        mail_id = letter.mail_id if letter else int(number) if number.isdecimal() and len(number) < 10 else None
        known = mail_id is not None and history.mail_of(conn, mail_id) is not None
        raw = archive.raw_of(conn, mail_id) if mail_id is not None and known else None
    if raw is None:
        raise UsageError(f"{number}: no mail has this number, and no letter that answers one")
    mail = bot.unwrapped(raw)
    wanted = [(folder / file_name(f"{mail_id}-{n}-{a.name}_"), a.data) for n, a in enumerate(mail.attachments, start=1)]
    taken = [path for path, _ in wanted if path.exists() or path.is_symlink()]
    if taken:
        raise UsageError(f"{taken[0]}: exists already, and is not overwritten")
    folder.mkdir(parents=True, exist_ok=True)
    for path, data in wanted:
        with path.open("xb") as file:
            file.write(data)
    return [path for path, _ in wanted]
