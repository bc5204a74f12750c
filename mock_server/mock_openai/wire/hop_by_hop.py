"""Headers that concern one connection only, and do not travel further (RFC 9110, section 7.6.1)."""

HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip

OF_THE_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""Headers about how a body was sent, which mean nothing once it is decoded."""
