"""A gateway that is killed at each call by which it changes the disk, or is denied it; and started again."""
