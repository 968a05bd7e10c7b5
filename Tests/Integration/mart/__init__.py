"""The data mart under faults and under a magnifying glass."""
