"""The theorem record, one notation, discovery, the graph of uses, and rendering."""
