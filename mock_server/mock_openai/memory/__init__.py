"""The server's memory: stored responses and conversations for every client, and the latest response of each
lane for one socket.
"""

from mock_openai.memory.conversations import Conversation, ConversationStore, MemoryConversations
from mock_openai.memory.lane_memory import LaneMemory
from mock_openai.memory.store import MemoryStore, Remembered, ResponseStore

__all__ = [
    "Conversation",
    "ConversationStore",
    "LaneMemory",
    "MemoryConversations",
    "MemoryStore",
    "Remembered",
    "ResponseStore",
]
