"""Networks as exact objects: description, files, exchange with torch, construction of proved size."""
