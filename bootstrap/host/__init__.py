"""This machine: programs, PATH, places on disk, what it can run."""
