"""`python -m etl.cli` is `pushlift`."""

from etl.cli import main

if __name__ == "__main__":
    main()
