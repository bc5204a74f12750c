"""Watching and steering a running server: the journal of what happened, the control API under /__mock__/."""
