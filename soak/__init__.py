"""Days of a house in minutes, with everything coming and going: what grows meanwhile?"""
