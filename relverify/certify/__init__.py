"""Certificates: proved two-sided bounds of the error of a network, and proved lower bounds of its size."""
