"""Dog: a home-automation gateway. Every bus in the house behind one WebSocket and REST API."""

__version__ = "4.0.0.dev0"
