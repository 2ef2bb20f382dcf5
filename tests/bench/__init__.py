"""What the real pipeline costs, beside the least that any program must do, and beside what a user would write."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def own_peak() -> str:
    """The peak memory of this process, in MB. Not ``ru_maxrss``: a process begins with that of whoever started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return str(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
