"""What things cost, measured beside others in one run."""
