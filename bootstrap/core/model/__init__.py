"""What is known, wanted, found and to be done: frozen data, and no decision."""
