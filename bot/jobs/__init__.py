"""The order of calls, and nothing else."""
