"""Pass-through: requests that no rule answers go to a real server, and its answer is passed on as
it comes.
"""

from mock_openai.upstream.upstream import Upstream

__all__ = ["Upstream"]
