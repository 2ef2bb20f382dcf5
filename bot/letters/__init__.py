"""Out: letters and workbooks, rendered before they are queued, and SMTP."""
