"""``python -m tests.bench.ours PEAK_FILE SCRIPT|-m MODULE [ARGUMENTS]``: a program of ours as it is started; the peak
memory of its process, in KiB, is written to a file when it has ended."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    file, sys.argv = Path(sys.argv[1]), sys.argv[2:]
    try:
        if sys.argv[0] == "-m":
            sys.argv = sys.argv[1:]
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        # Not ru_maxrss: a process begins with that of the one that started it (vfork shares its memory until exec).
        lines = Path("/proc/self/status").read_text().splitlines()
        file.write_text(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
