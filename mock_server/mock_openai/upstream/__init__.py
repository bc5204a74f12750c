"""Pass-through: what no rule answers is asked of a real server, and its answer passed on as it comes."""

from mock_openai.upstream.upstream import Upstream

__all__ = ["Upstream"]
