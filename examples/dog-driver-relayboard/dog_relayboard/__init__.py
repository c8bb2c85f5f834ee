"""Relay boards that speak lines of text over TCP or a serial port: a driver for the Dog gateway."""
