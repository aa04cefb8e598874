"""What this machine is made of, and what a run stands in."""
