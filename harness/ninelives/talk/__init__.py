"""Talking to a bot by keyboard: what somebody types becomes the user's words, and a command or a key breaks
the connection at that moment. The timeline is printed as it grows.

`typed` reads a line and `growing` makes the rows (both pure); `session` connects them with a bot and a mock
server; `terminal` is where lines come from.
"""
