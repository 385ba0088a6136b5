"""Trending: papers ranked by the attention they gain."""
