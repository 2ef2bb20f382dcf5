"""A private PostgreSQL: one cluster a test run, on a Unix socket, without durability; a database a test."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psycopg

from tests.servers.need import program

BINARIES = "usr/lib/postgresql/*/bin"
START_SECONDS = 30.0
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    # Costs little without fsync; without it a crash of the server would lose what it said was committed.
    "synchronous_commit": "on",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "timezone": "UTC",
}


class PostgresServer:
    """The cluster. It refuses to run as root, so then it runs as ``postgres`` (or ``nobody``)."""

    def __enter__(self) -> Self:
        initdb, postgres = program("initdb", BINARIES), program("postgres", BINARIES)
        self.root = Path(tempfile.mkdtemp(prefix="pg-")).resolve()
        self._numbers = itertools.count(1)
        try:
            self._start(initdb, postgres)
        except BaseException:
            shutil.rmtree(self.root, ignore_errors=True)
            raise
        return self

    def _start(self, initdb: str, postgres: str) -> None:
        user = self._owner()
        data = str(self.root / "data")
        plain = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        try:
            subprocess.run([initdb, "-D", data, *plain], user=user, cwd=self.root, capture_output=True, check=True)
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"initdb: {error.stderr.decode()}") from error
        settings = {**SETTINGS, "unix_socket_directories": str(self.root)}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        self._user, self._command = user, [postgres, "-D", data, *options]
        self.start()

    def start(self, *, read_only: bool = False) -> None:
        """Once more, after ``crash``. ``read_only``: it takes no change, as a standby that nobody has promoted yet."""
        command = [*self._command, *(("-c", "default_transaction_read_only=on") if read_only else ())]
        with (self.root / "log").open("ab") as log:
            self._process = subprocess.Popen(command, user=self._user, cwd=self.root, stderr=log)
        self._wait()

    def crash(self) -> None:
        """Ends at once ("immediate"), as after a power cut; what was committed is kept by the operating system."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(START_SECONDS)

    def accompany(self) -> None:
        """A standby follows from now on: what is committed here is there too before the client hears of it."""
        self._follower = self.root / "follower"
        place = ["-D", str(self._follower), "-h", str(self.root), "-U", "postgres", "-c", "fast", "-X", "stream", "-R"]
        base = program("pg_basebackup", BINARIES)
        subprocess.run([base, *place], user=self._user, cwd=self.root, capture_output=True, check=True)
        (aside := self.root / "aside").mkdir()
        if self._user:
            shutil.chown(aside, self._user)
        self._standby = self._serve(self._follower, aside)
        self._execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self._execute("SELECT pg_reload_conf()")
        self._wait_for(aside)
        end = time.monotonic() + START_SECONDS
        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            while not connection.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone():
                assert time.monotonic() < end, "the standby does not follow"
                time.sleep(0.05)

    def fail_over(self) -> None:
        """The server ends at once and never comes back: its standby is promoted, and takes over its address."""
        self.crash()
        promote = [program("pg_ctl", BINARIES), "promote", "-w", "-D", str(self._follower)]
        subprocess.run(promote, user=self._user, cwd=self.root, capture_output=True, check=True)
        self._standby.send_signal(signal.SIGINT)
        self._standby.wait(START_SECONDS)
        self._process = self._serve(self._follower, self.root)
        self._wait()

    def _serve(self, data: Path, sockets: Path) -> "subprocess.Popen[bytes]":
        settings = {**SETTINGS, "unix_socket_directories": str(sockets)}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        with (self.root / "log").open("ab") as log:
            command = [self._command[0], "-D", str(data), *options]
            return subprocess.Popen(command, user=self._user, cwd=self.root, stderr=log)

    def disconnect_all(self) -> None:
        """Every connection of every program is closed by the server, as an administrator may do."""
        self._execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    def _owner(self) -> str | None:
        if os.getuid() != 0:
            return None
        names = {entry.pw_name for entry in pwd.getpwall()}
        owner = "postgres" if "postgres" in names else "nobody"
        shutil.chown(self.root, owner)
        return owner

    def _wait(self) -> None:
        self._wait_for(self.root)

    def _wait_for(self, sockets: Path) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                with psycopg.connect(f"host={sockets} user=postgres dbname=postgres"):
                    return
            except psycopg.OperationalError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise RuntimeError(f"postgres: {(self.root / 'log').read_text()}") from None
                time.sleep(0.05)

    def _conninfo(self) -> str:
        return f"host={self.root} user=postgres dbname=postgres"

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)  # "fast": connections that a test forgot are closed
        self._process.wait(START_SECONDS)
        shutil.rmtree(self.root, ignore_errors=True)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database, which is dropped at the end."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield f"postgresql+psycopg://postgres@/{name}?host={self.root}"
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            connection.execute(statement.encode())
