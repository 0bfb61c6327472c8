from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotesConfig(AppConfig):
    name = "audit.notes"
    label = "notes"
    verbose_name = _("Notes and tags")

    def ready(self) -> None:
        from audit import net
        from audit.notes.models import Note, Tag, Tagging

        net.keep(Note, masked=["file_digest"], left_out=["key", "fingerprint"])
        net.keep(Tagging)
        net.cover(Tag)
