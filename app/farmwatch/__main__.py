"""``python -m farmwatch``."""

from farmwatch.cli import main

if __name__ == "__main__":
    main()
