"""The kinds of fault, one to a file. Each registers itself; the registry finds the files by looking into this
folder.
"""
