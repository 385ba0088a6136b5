"""Ingest: papers and signals from files and sources into the store."""
