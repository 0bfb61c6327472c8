"""Fill the database that is measured: `python -m bench.make`; with `shop`, what the API's rows
need beside it."""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from bench import world

    if sys.argv[1:] == ["shop"]:
        world.make_shop()
    else:
        world.make()
