"""Cases: a mail as it came and what the bot must make of it, side by side. See ``tests.case_files``."""
