"""A private Dovecot: the reference for how an IMAP server behaves. Every user exists, with one password."""

import getpass
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Self

from imapclient import IMAPClient

from bot.demo.smtp_server import Posted
from tests.servers.certificates import self_signed
from tests.servers.need import program
from tests.servers.smtp_sink import SmtpSink

PASSWORD = "secret"
START_SECONDS = 20.0

CONFIG = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
info_log_path = {root}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{root}/cert.pem
ssl_key = <{root}/key.pem
disable_plaintext_auth = no
default_internal_user = {daemon}
default_internal_group = {daemon_group}
default_login_user = {login}
first_valid_uid = {uid}
last_valid_uid = {uid}
first_valid_gid = {gid}
mail_location = maildir:~/Maildir:LAYOUT=fs
mail_fsync = never
mail_max_userip_connections = 100
mailbox_idle_check_interval = 1 s
auth_failure_delay = 0 secs
imap_id_log = *
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%Lu
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Verdacht {{
    special_use = \\Junk
    auto = no
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def free_port() -> int:
    """A port of the loopback that nobody uses at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class DovecotServer:
    """The process; mail lies in a folder of its own, which goes with it."""

    def __enter__(self) -> Self:
        self._program = program("dovecot")
        # Not pytest's own folder: that one is closed to Dovecot's users.
        self.root = Path(tempfile.mkdtemp(prefix="dovecot-")).resolve()
        self.root.chmod(0o755)
        self.port, self.tls_port = free_port(), free_port()
        self.tls, self.certificate = self_signed(self.root)
        self._configure()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def _configure(self) -> None:
        """As root the login process wants Dovecot's own users, and nobody owns the mail; else all is the caller's."""
        mail = self.root / "mail"
        mail.mkdir()
        if os.getuid() == 0:
            daemon, group, login = "dovecot", "dovecot", "dovenull"
            uid, gid = pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid
            os.chown(mail, uid, gid)
        else:
            daemon = login = getpass.getuser()
            uid, gid = os.getuid(), os.getgid()
            group = grp.getgrgid(gid).gr_name
        text = CONFIG.format(root=self.root, daemon=daemon, daemon_group=group, login=login, uid=uid, gid=gid,
                             port=self.port, tls_port=self.tls_port, password=PASSWORD)  # fmt: skip
        (self.root / "dovecot.conf").write_text(text)

    def start(self) -> None:
        command = [self._program, "-F", "-c", str(self.root / "dovecot.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    if connection.recv(4).startswith(b"* OK"):
                        return
            except OSError:
                pass
            if time.monotonic() > end or self._process.poll() is not None:
                log = self.root / "dovecot.log"
                raise RuntimeError(f"dovecot does not start: {log.read_text() if log.exists() else 'no log'}")
            time.sleep(0.02)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(START_SECONDS)

    def log(self) -> str:
        return (self.root / "dovecot.log").read_text(errors="replace")


class DovecotOffice:
    """A ``PostOffice`` for one user of a running Dovecot: its IMAP side, and an SMTP sink of its own.

    With ``copies`` it files a copy of each letter that it takes in the folder of that name, before it says so, as
    NetEase and other providers do.
    """

    host = "127.0.0.1"

    def __init__(self, server: DovecotServer, username: str, domains: set[str]) -> None:
        self.server, self.username, self.password = server, username, PASSWORD
        self.imap_port = server.port
        self._sink = SmtpSink(username, PASSWORD, domains, self._keep, server.tls)
        self.sent: list[Posted] = self._sink.sent
        self.refusals = self._sink.refusals
        self.copies: str | None = None
        self._making = Lock()
        self._forget(username)

    def __enter__(self) -> Self:
        self._sink.__enter__()
        self.smtp_port, self.smtp_tls_port = self._sink.port, self._sink.tls_port
        return self

    def __exit__(self, *_: object) -> None:
        self._sink.__exit__()
        self._forget(self.username)

    def _forget(self, user: str) -> None:
        shutil.rmtree(self.server.root / "mail" / user, ignore_errors=True)

    def empty(self) -> None:
        """No mail in any folder, and no letter at the sink."""
        self._forget(self.username)
        self.sent.clear()

    def save(self, folder: Path) -> list[Posted]:
        """Copies the whole mailbox to ``folder``; returns what the sink has taken. Nobody may be logged in."""
        subprocess.run(["cp", "-a", str(self.server.root / "mail" / self.username), str(folder)], check=True)
        return list(self.sent)

    def put_back(self, folder: Path, sent: list[Posted]) -> None:
        """Mailbox and sink as they were when they were saved."""
        self.empty()
        subprocess.run(["cp", "-a", str(folder), str(self.server.root / "mail" / self.username)], check=True)
        self.sent.extend(sent)

    def settle(self) -> None:
        """Wait until the sink has done with all that clients which have gone have sent it."""
        self._sink.settle()

    def _keep(self, posted: Posted) -> None:
        if self.copies is not None:
            self.deliver(self.username, posted.data, datetime.now().astimezone(), self.copies)
        if posted.to == self.username:
            self.deliver(posted.to, posted.data, datetime.now().astimezone())

    def client(self, user: str = "") -> IMAPClient:
        """A connection of another mail program to the same mailbox; close it by ``with``."""
        client = IMAPClient(self.host, self.imap_port, ssl=False, timeout=10)
        client.login(user or self.username, self.password)
        return client

    def deliver(self, user: str, data: bytes, when: datetime, folder: str = "INBOX") -> None:
        """APPEND ``data`` dated ``when`` (aware); the folder is made if missing."""
        with self.client(user) as client:
            with self._making:  # letters of several workers are filed at once
                if not client.folder_exists(folder):
                    client.create_folder(folder)
            client.append(folder, data, msg_time=when)

    def letters_to(self, address: str) -> list[bytes]:
        return [posted.data for posted in self.sent if posted.to == address.lower()]

    def renumber(self) -> None:
        """Make the server forget UIDs and UIDVALIDITY of the INBOX, as a restored or rebuilt one does."""
        self.server.stop()
        maildir = self.server.root / "mail" / self.username / "Maildir"
        for file in [maildir / "dovecot-uidlist", *maildir.glob("dovecot.index*")]:
            file.unlink(missing_ok=True)
        self.server.start()
