"""A Java Dog installation -> what this gateway starts with, and a report of what was taken, changed and left."""
