"""Planning a turn: its request, the history, the answer, and storing the response.

`planner` makes a Plan of a request in one plain call, up to the first step that has to be awaited; `delivery`
plays it.
"""
