"""Fill the database that is measured: `python -m bench.make`."""

import django

if __name__ == "__main__":
    django.setup()
    from bench import world

    world.make()
