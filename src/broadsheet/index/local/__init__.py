"""The embedded search engine: tantivy postings and vectors in one folder."""
