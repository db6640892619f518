"""`python -m model`: see `model.cli`."""

from model.cli import leave, main

if __name__ == "__main__":
    leave(main())
