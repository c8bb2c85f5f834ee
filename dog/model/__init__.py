"""What a home is: catalogue, devices, rooms, slots, values, rights. Frozen values; imports nothing else of ours."""
