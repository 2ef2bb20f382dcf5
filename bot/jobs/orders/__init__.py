"""What the office orders and decides, and what liaisons ask for: by mail or on the command line, on the same code."""
