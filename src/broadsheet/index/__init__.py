"""The search index: a protocol, and engines that implement it. Derived from the library."""
