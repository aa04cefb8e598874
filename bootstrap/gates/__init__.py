"""What a cluster must pass, one gate after the other, to count as proven."""
