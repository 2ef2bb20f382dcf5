"""``python -m tests.bench.ours CONFIG NOW PEAK_FILE``: the real ``scheduler.py --once``; the peak memory of this
process, in KiB, is written to a file when it has ended."""

import resource
import sys
from pathlib import Path

import scheduler

if __name__ == "__main__":
    status = scheduler.main(["--once", "--config", sys.argv[1], "--now", sys.argv[2]])
    Path(sys.argv[3]).write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
    sys.exit(status)
