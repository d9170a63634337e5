"""Lower bounds that prove themselves: features, units and depth that an error needs, and what one network cannot do."""
