"""What Windows has not stands behind a question whether it is there. Reads the sources, as no Windows is at hand.

A name of another system alone counts as guarded in the branch of an ``if`` that asks for the system, or for the name
itself, and in an ``import`` that may fail.
"""

import ast
from collections.abc import Iterator

import pytest

from bot.record.database import sqlite_file
from tests.test_layers import MODULES, Module

# Modules of Python's library that Windows lacks (docs.python.org: "Availability: Unix").
MODULES_OF_POSIX = {
    *("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty", "posix", "readline", "crypt", "curses"),
}
# Names in modules that it has; those of ``signal`` are all but the six that it knows.
NAMES_OF_POSIX = {
    "os": {
        *("fork", "forkpty", "getuid", "geteuid", "getgid", "getegid", "getgroups", "getpgid", "setsid", "setpgid"),
        *("killpg", "chown", "lchown", "fchown", "mkfifo", "mknod", "nice", "setuid", "setgid", "uname", "wait"),
        *("wait3", "wait4", "chroot", "sync", "sched_getaffinity", "getloadavg", "statvfs", "fstatvfs", "fdatasync"),
        *("pread", "pwrite", "posix_fadvise", "posix_fallocate", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "O_SYNC"),
        *("WIFEXITED", "WEXITSTATUS", "openpty", "ctermid", "setpriority", "sendfile", "memfd_create", "pidfd_open"),
    },
    "socket": {"AF_UNIX", "socketpair", "SO_REUSEPORT", "MSG_DONTWAIT"},
    "time": {"tzset", "clock_gettime", "CLOCK_MONOTONIC", "CLOCK_BOOTTIME"},
    "asyncio": {"start_unix_server", "open_unix_connection"},
    "select": {"poll", "epoll", "kqueue"},
}
SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM", "SIG_DFL", "SIG_IGN"}
ASKS_FOR_THE_SYSTEM = {"os.name", "sys.platform", "platform.system()"}


def unguarded(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What is used that Windows has not, with its line."""
    yield from _within(tree, frozenset())


def _within(node: ast.AST, known: frozenset[str]) -> Iterator[tuple[str, int]]:
    """``known``: the names that are known to be there at this point; "*" for all of them."""
    name = _posix(node)
    if name and not {"*", name} & known:
        yield name, getattr(node, "lineno", 0)
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield from _within(node.test, known)
        there = known | _asked(node.test)
        for field in ("body", "orelse"):  # whoever asks for the system means one of the two
            inner = getattr(node, field)
            for child in inner if isinstance(inner, list) else [inner]:
                yield from _within(child, there)
        return
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        known = known.union(*(_asked(test) for part in node.generators for test in part.ifs))
    if isinstance(node, ast.Try) and any(_fails_to_import(handler) for handler in node.handlers):
        imported = {alias.name for n in ast.walk(node) if isinstance(n, ast.Import) for alias in n.names}
        known |= imported & MODULES_OF_POSIX
    for child in ast.iter_child_nodes(node):
        yield from _within(child, known)


def _posix(node: ast.AST) -> str:
    """The name that this very node uses and Windows has not, or an empty string."""
    if isinstance(node, ast.Import):
        return next((alias.name for alias in node.names if alias.name.split(".")[0] in MODULES_OF_POSIX), "")
    if isinstance(node, ast.ImportFrom):
        names = NAMES_OF_POSIX.get(str(node.module), set()) & {alias.name for alias in node.names}
        return str(node.module) if node.module in MODULES_OF_POSIX else min(names, default="")
    if isinstance(node, ast.keyword) and node.arg in ("preexec_fn", "pass_fds", "process_group"):
        return str(node.arg)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        module, name = node.value.id, node.attr
        if name in NAMES_OF_POSIX.get(module, set()):
            return f"{module}.{name}"
        if module == "signal" and name not in SIGNALS and (name.startswith("SIG") or name in OF_SIGNAL):
            return f"signal.{name}"
    return ""


OF_SIGNAL = {"alarm", "setitimer", "pause", "pthread_kill", "sigwait", "ITIMER_REAL"}
# What is there wherever another name is.
COMES_WITH = {"os.killpg": {"signal.SIGKILL"}, "signal.setitimer": {"signal.ITIMER_REAL"}, "os.chown": {"os.geteuid"}}


def _asked(test: ast.expr) -> frozenset[str]:
    """What a condition makes sure of: "*" if it asks for the system, else the names that it asks for."""
    text = ast.unparse(test)
    if any(asked in text for asked in ASKS_FOR_THE_SYSTEM):
        return frozenset({"*"})
    found = set()
    for node in ast.walk(test):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "hasattr":
            thing, name = node.args
            dotted = f"{ast.unparse(thing)}.{ast.unparse(name).strip(chr(39))}"
            found |= {dotted, *COMES_WITH.get(dotted, set())}
    return frozenset(found)


def _fails_to_import(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and ast.unparse(handler.type) in ("ImportError", "ModuleNotFoundError")


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_nothing_is_used_that_windows_has_not(module: Module) -> None:
    assert [f"{module.path}:{line}: {name}" for name, line in unguarded(module.tree)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import fcntl",
        "def f():\n    from resource import setrlimit",
        "import os\nos.fork()",
        "import os\nx = os.geteuid() == 0",
        "from os import killpg",
        "import signal\nsignal.signal(signal.SIGHUP, f)",
        "import os, signal\nos.kill(1, signal.SIGKILL)",
        "import signal\nsignal.alarm(3)",
        "import socket\nsocket.socket(socket.AF_UNIX)",
        "subprocess.run(c, preexec_fn=f)",
        "import os\nif hasattr(os, 'fork'):\n    os.killpg(1, 9)",
        "import os\nif os.name == 'posix':\n    pass\nos.fork()",
        "try:\n    import fcntl\nexcept OSError:\n    pass",
    ],
)
def test_what_is_not_guarded_is_found(source: str) -> None:
    assert list(unguarded(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "import os, signal\nos.kill(1, signal.SIGTERM)",
        "if os.name == 'posix':\n    os.fork()",
        "x = os.fork() if sys.platform != 'win32' else 0",
        "if hasattr(os, 'killpg'):\n    os.killpg(p, signal.SIGKILL)",
        "try:\n    import resource\nexcept ImportError:\n    resource = None",
        "x = [os.fork() for _ in y if os.name == 'posix']",
        "x = getattr(socket, 'AF_UNIX', None)",
        "y = 'os.fork()'",
    ],
)
def test_what_is_guarded_passes(source: str) -> None:
    assert list(unguarded(ast.parse(source))) == []


def test_no_file_that_is_written_has_a_name_that_windows_refuses() -> None:
    """No stamp with a colon in a name: ``isoformat`` in a path."""
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".with_name", ".with_suffix")):
                assert "isoformat" not in ast.unparse(node), f"{module.path}:{node.lineno}"


def test_a_drive_in_the_url_of_a_database_stays() -> None:
    assert str(sqlite_file("sqlite:///C:/office/data/bot.db")) == "C:/office/data/bot.db"
