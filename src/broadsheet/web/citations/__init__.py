"""Citations of a paper: as files for reference managers, and as tags that they read."""
