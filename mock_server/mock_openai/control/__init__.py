"""The control API under /__mock__/: who may use it, its operations, and the commands behind them, which reach
all servers of a shared memory.
"""
