"""Public test support for driver and client authors."""
