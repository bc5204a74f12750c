"""Playing a plan: events leave when they are due, faults are injected where planned, and the journal records
the events that really left.
"""

from mock_openai.delivery.turn import Delivery

__all__ = ["Delivery"]
