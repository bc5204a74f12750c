"""The black box of a running bot, and the conversion of an incident to a scenario.

`box` watches a bot, `ring` keeps its last minutes, `episode` converts them for the promises, and `writing`
writes a file. `reading` reads one, `rebuilding` makes scenarios of it, and `reproducing` plays them.
"""
