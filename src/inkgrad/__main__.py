"""`python -m inkgrad` is the command `inkgrad`."""

from inkgrad.cli import main

if __name__ == "__main__":
    main()
