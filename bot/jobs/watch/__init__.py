"""The bot watches itself."""
