"""`python -m ordino` is the command `ordino`."""

from ordino.cli import main

if __name__ == "__main__":
    main()
