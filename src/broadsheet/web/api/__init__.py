"""The JSON APIs: version 1, and the papers API of the Hugging Face Hub."""
