"""Networks as exact objects: description, files, exchange with torch, construction with proved size and error."""
