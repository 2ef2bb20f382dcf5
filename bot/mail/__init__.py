"""In: the mailbox over IMAP, and what one mail really contains."""
