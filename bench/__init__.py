"""The benchmark: C{make bench}. The load client is this process; every server is a process of its own."""
