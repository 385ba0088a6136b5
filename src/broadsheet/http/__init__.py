"""The outgoing HTTP client."""
