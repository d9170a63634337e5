"""Attention as retrieval: finite preorders, their utilities, and networks whose attention selects the best item."""
