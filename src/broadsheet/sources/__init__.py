"""Sources of papers and signals: one file for each outside service and each format."""
