"""Pipecat's own eval files against a bot in this process: offline, in virtual time, under disasters.

Files, callers, matching and judging are Pipecat's (`pipecat.evals`). Ours are the line between its harness
and the bot, the mock server behind the bot, and the judgement of the ten promises.
"""
