from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "audit.jobs"
    label = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        from audit import modes, rotation

        # Importing tasks is what registers them.
        from audit.jobs import needs
        from audit.jobs import tasks as _tasks  # noqa: F401
        from audit.jobs.models import Job

        rotation.register_file("files of jobs", Job, "file")
        modes.mark(Job)
        needs.register()
