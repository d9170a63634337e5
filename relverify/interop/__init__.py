"""Bridges to other systems; imported on request only."""
