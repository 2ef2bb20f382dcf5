"""What the office and the county read of a month, a week and a year."""
