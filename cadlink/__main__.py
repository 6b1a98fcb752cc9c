"""``python -m cadlink``: the same as the command ``cadlink``."""

from cadlink.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
