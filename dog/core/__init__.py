"""What is true, and what follows from what is heard. Pure: fed with (input, now), returns effects.

No sockets, files, Deferreds or reactor: L{dog.live.stepper} feeds it and carries out what it says.
"""
