"""Golden letters: a context in cases.py, and the words that it must give in a folder of its name."""
