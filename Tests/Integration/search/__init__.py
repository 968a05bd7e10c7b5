"""The search index under faults and under a magnifying glass."""
