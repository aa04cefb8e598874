"""What is installed: committed as a whole, linked, locked, told."""
