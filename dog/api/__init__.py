"""One resource tree and two thin doors: HTTP and WebSocket ask the same routes."""
