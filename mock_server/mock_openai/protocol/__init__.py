"""The Responses API as values: ids, models, errors, requests, response objects, events and usage.

Nothing here touches a socket, a task or a file. A request is parsed (`request`), a response opened
(`response`), and what a model says (`reply`) becomes the stream of events (`events`).
"""
