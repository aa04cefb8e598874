"""What a run makes in the cluster, in a namespace of its own, and how it goes again."""
