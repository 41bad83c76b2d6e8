"""`python -m pastiche`: the command line, for those who start Python themselves, as `accelerate launch` does."""

from .cli import main

if __name__ == "__main__":
    main()
