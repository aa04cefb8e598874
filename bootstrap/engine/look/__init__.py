"""Look at the machine and its cluster. Changes nothing."""
