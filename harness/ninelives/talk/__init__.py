"""Talking to a bot by keyboard: typed lines become the user's words, and a command or a key breaks the
connection. The timeline is printed as it grows.

`typed` parses a line and `growing` makes the rows (both pure); `session` connects them with a bot and a mock
server; `terminal` is the source of lines.
"""
