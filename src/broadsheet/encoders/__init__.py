"""Encoders: compute the vector of a text."""
