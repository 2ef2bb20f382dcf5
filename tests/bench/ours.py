"""``python -m tests.bench.ours CONFIG NOW PEAK_FILE``: the real ``scheduler.py --once``; the peak memory of this
process, in KiB, is written to a file when it has ended."""

import resource
import runpy
import sys
from pathlib import Path

from tests.bench import ROOT

if __name__ == "__main__":
    config, now, peak = sys.argv[1:]
    sys.argv = ["scheduler.py", "--once", "--config", config, "--now", now]
    try:
        runpy.run_path(str(ROOT / "scheduler.py"), run_name="__main__")
    finally:
        Path(peak).write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
