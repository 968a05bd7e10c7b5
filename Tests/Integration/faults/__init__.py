"""Load, simulated agents and seeded faults, for the tests that kill things."""
