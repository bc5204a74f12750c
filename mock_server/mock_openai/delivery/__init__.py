"""One turn on its way out: events leave when due, faults are injected where planned, and what really left is
written down.
"""

from mock_openai.delivery.turn import Delivery

__all__ = ["Delivery"]
