from django.apps import AppConfig


class ToysConfig(AppConfig):
    name = "tests.audit.toys"
    label = "toys"

    def ready(self) -> None:
        from audit import net
        from tests.audit.toys.models import Box, Toy

        net.keep(Toy, masked=["secret"])
        net.keep(Box)
