"""Exact input, enclosed output: the trust base of every numerical claim."""
