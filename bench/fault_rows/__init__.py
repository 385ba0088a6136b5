"""The rows of bench/faults.py: each makes one fault and checks what remains."""
