"""The ladder of reminders, and what comes after it."""
