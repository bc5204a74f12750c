"""The black box of a running bot, and the way from an incident to a scenario.

`box` watches a bot, `ring` keeps its last minutes, `episode` makes of them what the promises can judge, and
`writing` writes a file. `reading` reads one, `rebuilding` makes stories of it, and `reproducing` plays them.
"""
