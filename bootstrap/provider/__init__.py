"""What makes clusters, as pure knowledge: command lines, answers, records."""
