"""Codecs of the two wire formats, without I/O: WebSocket frames (`frames`, RFC 6455) and server-sent events
(`sse`, WHATWG).

One reader each, for the server, for pass-through to another server and for the recorder. Nothing here
knows the API.
"""
