"""The database: the truth about every mail, report and letter."""
