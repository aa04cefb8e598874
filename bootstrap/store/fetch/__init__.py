"""Bytes from elsewhere: asked for, gone on with, verified."""
