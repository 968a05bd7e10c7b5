"""The properties that the checker verifies, one file each. None of them shares code with the services."""
