"""What changed between the installed Pipecat, openai and websockets and those that this was built against.

`make drift` compares, `make drift-baseline` renews the baseline. Both work offline.
"""
