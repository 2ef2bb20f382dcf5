"""``scheduler.py --demo``: a month in the county on embedded servers."""
