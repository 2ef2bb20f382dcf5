"""``python -m tests.bench.started PEAK_FILE SCRIPT|-m MODULE [ARGUMENTS]``: a program as it is started; the peak
memory of its process, in MB, is written to a file when it has ended."""

import runpy
import sys
from pathlib import Path

from tests.bench import own_peak

if __name__ == "__main__":
    file, sys.argv = Path(sys.argv[1]), sys.argv[2:]
    try:
        if sys.argv[0] == "-m":
            sys.argv = sys.argv[1:]
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        file.write_text(own_peak())
