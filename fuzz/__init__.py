"""Anything at all, for everything that reads what comes from outside: with atheris (C{make fuzz}), and a little of it
with every run of the suite (C{tests/fuzz}).
"""
