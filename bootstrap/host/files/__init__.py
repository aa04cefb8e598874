"""Files of this machine: kboot's places, what people wrote, and writing that is safe."""
