"""``python -m relverify`` is the command ``relverify``."""

from relverify.cli import main

if __name__ == "__main__":
    main()
