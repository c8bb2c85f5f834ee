"""The documentation: that it can be built, and that what it shows is so."""
