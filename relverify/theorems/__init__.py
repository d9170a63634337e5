"""One theorem is one module with one constant ``THEOREM``; the registry finds them by walking this folder."""
