"""Pipecat's own eval files against a bot in this process: offline, in virtual time, under disasters.

Files, callers, matching and judging are Pipecat's (`pipecat.evals`). This package adds the line between its
harness and the bot, the mock server behind the bot, and the verdict on the ten promises.
"""
