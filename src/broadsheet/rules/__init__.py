"""The decisions: pure functions, given `now`, with no clock, I/O or chance."""
