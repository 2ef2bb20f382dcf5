"""Golden letters: the samples of bot.preview, and the words that each must give in a folder of its name."""
