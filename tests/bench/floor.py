"""``python -m tests.bench.floor PORT USER PASSWORD FILE``: the least that any program must do for the same result.

imaplib in batches, the standard parser, calamine, cells at the places where the official layout has them, SQL by hand,
fifty mails a commit. No check but the sums, no isolation, no second layout, no word for who writes strangely.
"""

import imaplib
import io
import sqlite3
import sys
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any

from python_calamine import CalamineWorkbook

BATCH = 50
REPLY = "已收到贵单位 {period} 的报表，合计 {total} 家。\n\n{values}\n"


def numbers_of(data: Any) -> tuple[str, str, list[int], list[int], int] | None:
    rows: Any = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    counts = [int(cell) for cell in rows[6][1:13]]
    sums, total = [int(rows[7][1]), int(rows[7][5]), int(rows[7][9])], int(rows[8][1])
    good = [sum(counts[i : i + 4]) for i in (0, 4, 8)] == sums and sum(sums) == total
    return (rows[2][0].partition("：")[2], rows[1][0], counts, sums, total) if good else None


def main(port: int, user: str, password: str, file: str) -> None:
    db = sqlite3.connect(file)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE mail (uid INTEGER PRIMARY KEY, raw BLOB, sender TEXT, subject TEXT)")
    db.execute("CREATE TABLE cell (uid INTEGER, place INTEGER, value INTEGER)")
    db.execute("CREATE TABLE letter (uid INTEGER, text TEXT)")
    box = imaplib.IMAP4("127.0.0.1", port)
    box.login(user, password)
    box.select("INBOX", readonly=True)
    uids = box.uid("SEARCH", "ALL")[1][0].split()
    for start in range(0, len(uids), BATCH):
        chunk = b",".join(uids[start : start + BATCH]).decode()
        for answer in box.uid("FETCH", chunk, "(UID BODY.PEEK[])")[1]:
            if isinstance(answer, tuple):
                one(db, int(answer[0].split(b"UID ")[1].split()[0]), answer[1])
        db.commit()
    box.logout()
    db.close()


def one(db: sqlite3.Connection, uid: int, raw: bytes) -> None:
    message = message_from_bytes(raw)
    subject = str(make_header(decode_header(message["Subject"])))
    db.execute("INSERT INTO mail VALUES (?, ?, ?, ?)", (uid, raw, message["From"], subject))
    for part in message.walk():
        if part.get_filename():
            found = numbers_of(part.get_payload(decode=True))
            if found:
                _, period, counts, _, total = found
                db.executemany("INSERT INTO cell VALUES (?, ?, ?)", [(uid, i, n) for i, n in enumerate(counts)])
                text = REPLY.format(period=period, total=total, values=counts)
                db.execute("INSERT INTO letter VALUES (?, ?)", (uid, text))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:5])
