"""``python -m tests.bench.script PORT USER PASSWORD FILE``: what somebody would write in an afternoon.

imap_tools, openpyxl, sqlite3: one row a report, no checks, no reply, no .xls. It stands here to be measured against.
"""

import io
import sqlite3
import sys
import zipfile

import openpyxl
from imap_tools import MailBoxUnencrypted


def main(port: int, user: str, password: str, file: str) -> None:
    db = sqlite3.connect(file)
    db.execute("CREATE TABLE report (sender TEXT, subject TEXT, unit TEXT, numbers TEXT)")
    with MailBoxUnencrypted("127.0.0.1", port).login(user, password, "INBOX") as mailbox:
        for message in mailbox.fetch(mark_seen=False):
            for attachment in message.attachments:
                if not zipfile.is_zipfile(io.BytesIO(attachment.payload)):
                    continue
                sheet = openpyxl.load_workbook(io.BytesIO(attachment.payload), data_only=True).worksheets[0]
                rows = list(sheet.iter_rows(values_only=True))
                values = (message.from_, message.subject, rows[2][0], str(rows[6][1:13]))
                db.execute("INSERT INTO report VALUES (?, ?, ?, ?)", values)
                db.commit()
    db.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:5])
