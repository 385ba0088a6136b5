"""What search reads: lexical postings and vectors, derived from the library and deletable."""
