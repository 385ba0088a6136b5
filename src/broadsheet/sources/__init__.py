"""Where papers come from: one file per outside format, its wire shape private to it."""
