"""``python -m tests.bench.promises PORT USER PASSWORD FILE``: the floor, and what is promised of a mail, and no more.

It is archived before it is opened, and its attempt counted; its file is read in a process of its own; it costs one
durable commit; its answer is rendered by Jinja as text and as HTML, put together as a message, and queued. Still no
check but the sums, one layout, no history, no rules. It tells how much of the way from the floor to this program is the
promises, and how much is what the program knows.
"""

import imaplib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from email import message_from_bytes
from email.header import decode_header, make_header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

from tests.bench.floor import BATCH, numbers_of

READ = "from tests.bench.promises import serve; serve()"
TEXT = """{{ unit }}联络员：

您发来的邮件“{{ subject }}”已收到，{{ period }}的报表经核对已登记：
{% for sum in sums %}
    {{ counts[loop.index0 * 4:loop.index0 * 4 + 4]|join("，") }}，合计 {{ sum }}
{% endfor %}
    总计：{{ total }}
"""
STYLE = (
    "<style>td { padding: 9px 6px; border: 1px solid #d5dae1; vertical-align: top }</style>\n" * 90
)  # as long as ours
HTML = f"""<!DOCTYPE html><html lang="zh-CN"><head>{STYLE}</head><body><p>{{{{ unit }}}}联络员：</p>
<p>您发来的邮件“{{{{ subject }}}}”已收到，{{{{ period }}}}的报表经核对已登记：</p><table>
{{% for sum in sums %}}
<tr>{{% for count in counts[loop.index0 * 4:loop.index0 * 4 + 4] %}}<td>{{{{ count }}}}</td>{{% endfor %}}
<td>{{{{ sum }}}}</td></tr>
{{% endfor %}}
<tr><td colspan="5">{{{{ total }}}}</td></tr></table></body></html>
"""
TABLES = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE raw (uid INTEGER PRIMARY KEY, raw BLOB);
CREATE TABLE mail (uid INTEGER PRIMARY KEY, attempts INTEGER, sender TEXT, subject TEXT, outcome TEXT);
CREATE TABLE report (id INTEGER PRIMARY KEY, uid INTEGER, unit TEXT, period TEXT, numbers TEXT);
CREATE INDEX of_unit ON report (unit, period);
CREATE TABLE letter (uid INTEGER, recipient TEXT, mime BLOB);
"""


def serve() -> None:
    """The reading process: four bytes of length and a file in, a line of JSON out."""
    while head := sys.stdin.buffer.read(4):
        found = numbers_of(sys.stdin.buffer.read(int.from_bytes(head, "big")))
        sys.stdout.buffer.write(json.dumps(found).encode() + b"\n")
        sys.stdout.buffer.flush()


def main(port: int, user: str, password: str, file: str) -> None:
    db = sqlite3.connect(file, isolation_level=None)
    db.executescript(TABLES)
    archive(db, port, user, password)
    answer = answering()
    with subprocess.Popen([sys.executable, "-c", READ], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        uids = [uid for (uid,) in db.execute("SELECT uid FROM mail ORDER BY uid")]
        count = "UPDATE mail SET attempts = attempts + 1 WHERE uid = ?"
        db.execute(count, uids[:1])
        for uid, following in zip(uids, [*uids[1:], None], strict=True):
            db.execute("BEGIN IMMEDIATE")
            one(db, uid, reader, answer)
            db.execute(count, (following,))
            db.execute("COMMIT")
        reader.communicate()
    db.close()


def archive(db: sqlite3.Connection, port: int, user: str, password: str) -> None:
    box = imaplib.IMAP4("127.0.0.1", port)
    box.login(user, password)
    box.select("INBOX", readonly=True)
    uids = box.uid("SEARCH", "ALL")[1][0].split()
    for start in range(0, len(uids), BATCH):
        db.execute("BEGIN IMMEDIATE")
        for given in box.uid("FETCH", b",".join(uids[start : start + BATCH]).decode(), "(UID BODY.PEEK[])")[1]:
            if isinstance(given, tuple):
                uid = int(given[0].split(b"UID ")[1].split()[0])
                db.execute("INSERT INTO mail (uid, attempts) VALUES (?, 0)", (uid,))
                db.execute("INSERT INTO raw VALUES (?, ?)", (uid, given[1]))
        db.execute("COMMIT")
    box.logout()


Answer = Callable[[str, dict[str, Any]], bytes]


def answering() -> Answer:
    """Jinja is not imported where files are read."""
    from jinja2 import Environment

    plain, markup = Environment().from_string(TEXT), Environment(autoescape=True).from_string(HTML)

    def answer(to: str, values: dict[str, Any]) -> bytes:
        letter = MIMEMultipart("alternative")
        letter["To"], letter["Subject"] = to, "【已收到】" + values["period"]
        letter.attach(MIMEText(plain.render(values), "plain", "utf-8"))
        letter.attach(MIMEText(markup.render(values), "html", "utf-8"))
        return letter.as_bytes()

    return answer


def one(db: sqlite3.Connection, uid: int, reader: "subprocess.Popen[bytes]", answer: Answer) -> None:
    (raw,) = db.execute("SELECT raw FROM raw WHERE uid = ?", (uid,)).fetchone()
    message = message_from_bytes(raw)
    sender, subject = message["From"], str(make_header(decode_header(message["Subject"])))
    outcome = "ignored"
    for part in message.walk():
        if part.get_filename() and (found := ask(reader, part.get_payload(decode=True))):
            unit, period, counts, sums, total = found
            numbers, same = json.dumps(counts), "SELECT numbers FROM report WHERE unit = ? AND period = ?"
            outcome = "duplicate" if (numbers,) in db.execute(same, (unit, period)).fetchall() else "accepted"
            row = (uid, unit, period, numbers)
            db.execute("INSERT INTO report (uid, unit, period, numbers) VALUES (?, ?, ?, ?)", row)
            said = {"unit": unit, "period": period, "counts": counts, "sums": sums, "total": total, "subject": subject}
            db.execute("INSERT INTO letter VALUES (?, ?, ?)", (uid, sender, answer(sender, said)))
    known = "UPDATE mail SET sender = ?, subject = ?, outcome = ? WHERE uid = ?"
    db.execute(known, (sender, subject, outcome, uid))


def ask(reader: "subprocess.Popen[bytes]", data: Any) -> Any:
    assert reader.stdin is not None and reader.stdout is not None
    reader.stdin.write(len(data).to_bytes(4, "big") + data)
    reader.stdin.flush()
    return json.loads(reader.stdout.readline())


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:5])
