"""What the real pipeline costs, beside the least that any program must do, and beside what a user would write."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
