"""Programs that may stand beside the bot: what can be read without them, and what its sender is asked for instead."""

import shutil

from bot.cli.troubles import Check


def checks() -> list[Check]:
    """A line for each; ``note`` for one that is absent, as the bot works without it."""
    from bot.mail.unpacker import NAMES
    from bot.reading.convert import Office
    from bot.reading.picture import can_be_read

    office = Office()
    unpacker = next(filter(None, map(shutil.which, NAMES)), "")
    without = "only antiword reads" if office.antiword else "nothing reads"
    return [
        ("libreoffice", "ok", office.soffice, "")
        if office.soffice
        else (
            "libreoffice",
            "note",
            f"absent: {without} .doc and .wps, and who sends one that is not read is asked for .docx or .xlsx",
            "install LibreOffice with Writer (Debian: apt-get install libreoffice-writer)",
        ),
        ("bsdtar", "ok", unpacker, "")
        if unpacker
        else (
            "bsdtar",
            "note",
            "absent: who sends a .rar or .7z is asked for a .zip, or the file itself",
            "install it (Debian: apt-get install libarchive-tools)",
        ),
        ("ocr", "ok", "scans and photos are read", "")
        if can_be_read()
        else ("ocr", "note", "absent: who sends a scan or a photo is asked for the table itself", "make ocr"),
    ]
