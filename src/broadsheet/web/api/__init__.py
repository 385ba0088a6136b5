"""What programs read: the API of this newspaper, and that of the Hugging Face Hub's papers."""
