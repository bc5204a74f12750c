"""One turn before it leaves: its request, what it continues from, who answers it, and what is kept of it.

`planner` makes a Plan of a request in one plain call, as far as nothing has to be waited for; `delivery`
plays it.
"""
