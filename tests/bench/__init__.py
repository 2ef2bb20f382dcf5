"""What the real pipeline costs, beside the least that any program must do, and beside what a user would write."""
