"""Host state and profile → findings: is what is there what is wanted?"""
