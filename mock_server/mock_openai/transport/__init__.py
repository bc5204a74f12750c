"""The only files that touch a socket: HTTP, SSE, WebSocket, and what lies below them."""
