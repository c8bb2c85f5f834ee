"""C{dogctl}: the gateway from the command line. One module per command; see C{docs/dogctl.md}."""
