"""Pass-through: requests that no rule answers go to a real server; its answer comes back as it arrives."""

from mock_openai.upstream.upstream import Upstream

__all__ = ["Upstream"]
