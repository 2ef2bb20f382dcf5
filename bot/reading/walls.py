"""Walls round a program that opens foreign files: it sees itself, its fonts and one folder, and no network.

Three ways, the best that works here: bubblewrap; else ``unshare`` of util-linux with a root of its own; else none, as
on Windows, on macOS and where a container may not make namespaces. Then what ``links`` takes out, an empty HOME and
the settings of LibreOffice must do.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from bot.processes import end_group, without_secrets

Walls = Callable[[Sequence[str], Path], list[str]]

# What LibreOffice and antiword need to start and to write in the right letters. Not /etc, /home, /var, /usr/local.
SEEN = (
    *("/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/share", "/usr/local/share/fonts"),
    *("/bin", "/lib", "/lib32", "/lib64", "/etc/fonts", "/etc/libreoffice", "/etc/ld.so.cache", "/etc/alternatives"),
    *("/var/cache/fontconfig", "/var/lib/libreoffice"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_TRY_SECONDS = 10.0  # for a namespace to be made; it takes some milliseconds

# Run with root's rights inside a user namespace: what it mounts is seen by nobody else. The old root is let go at the
# end, so that nothing leads back to it. $1 is the folder; "--" ends what is seen.
_SCRIPT = """
set -e
folder=$1 root=$1/root; shift
mkdir "$root"; mount -t tmpfs -o size=64m none "$root"
show() {
    if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$root${1%/*}"; : > "$root$1"; fi
    mount --bind "$1" "$root$1"
}
show "$folder"
while [ "$1" != -- ]; do
    if [ -e "$1" ]; then
        show "$1"
        case $1 in /dev/*) ;; *) mount -o remount,bind,ro "$root$1" 2>/dev/null || : ;; esac
    fi
    shift
done
shift
mkdir -p "$root/proc/self" "$root/tmp" "$root/gone"; : > "$root/proc/version"; ln -s "$1" "$root/proc/self/exe"; shift
cd "$root"; pivot_root . gone; umount -l /gone; cd "$folder"
exec "$@"
"""


def bubblewrap(command: Sequence[str], folder: Path) -> list[str]:
    """The command as bubblewrap runs it: no network, no other process, a /tmp of its own, ``folder`` to write in."""
    seen = [part for path in _seen(command) for part in ("--ro-bind-try", path, path)]
    process = ["--ro-bind-try", "/proc/version", "/proc/version", "--symlink", _image(command), "/proc/self/exe"]
    kept = ["--dev", "/dev", "--tmpfs", "/tmp", "--bind", str(folder), str(folder), "--chdir", str(folder)]
    apart = [f"--unshare-{kind}" for kind in ("user", "pid", "net", "ipc")]
    return ["bwrap", *apart, "--die-with-parent", *seen, *process, *kept, "--", *command]


def namespaces(command: Sequence[str], folder: Path) -> list[str]:
    """The same with the tools of util-linux alone."""
    apart = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--ipc", "--pid", "--fork"]
    inside = ["sh", "-c", _SCRIPT, "sh", str(folder), *_seen(command), *_DEVICES, "--", _image(command), *command]
    return [*apart, "--kill-child", *inside]


def nothing(command: Sequence[str], folder: Path) -> list[str]:  # noqa: ARG001 - one of the three ways
    """The command as it is."""
    return list(command)


@cache
def best() -> Walls:
    """The first way that works on this machine; tried once."""
    return next((way for way in (bubblewrap, namespaces) if works(way)), nothing)


def works(way: Walls) -> bool:
    """Whether a program comes up behind these walls: a container may forbid what the kernel can do."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        command = way([shutil.which("true") or "true"], Path(name).resolve())
        nobody, where = subprocess.DEVNULL, shutil.which(command[0])
        if where is None:
            return False
        try:
            process = subprocess.Popen(
                command, stdin=nobody, stdout=nobody, stderr=nobody, env=without_secrets(), start_new_session=True
            )
        except OSError:
            return False
        try:
            return process.wait(_TRY_SECONDS) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            end_group(process)


def _seen(command: Sequence[str]) -> list[str]:
    """What the program may see, with its own place where that is another: /opt/libreoffice24.8 for what lies in its
    folder ``program``."""
    place = Path(command[0]).resolve().parent
    own = place.parent if place.name == "program" else place
    return [*SEEN, *([] if any(own.is_relative_to(path) for path in SEEN) else [str(own)])]


def _image(command: Sequence[str]) -> str:
    """What /proc/self/exe says. There is no other /proc: it leads to the files of other processes, and neither a
    container nor a hardened service may mount one. LibreOffice finds its libraries by this."""
    program = Path(command[0]).resolve()
    image = program.with_name("soffice.bin")
    return str(image if image.exists() else program)
