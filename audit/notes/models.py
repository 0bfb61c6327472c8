"""What colleagues write about an object, and the tags they put on it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from audit.card_numbers import refuse_card_number
from audit.encryption import SealedField
from audit.owned import KeyedModel, OwnedModel


class Note(KeyedModel):
    """A word to the colleagues, sealed under the data key of whom it is about (`holder_id`).

    The text is never changed: a correction is another note that names the one it corrects. A note
    may carry one file. Its content is sealed under a key of its own (`file_key`), which is sealed
    as the text is: what erases the words erases the file.
    """

    kind = models.CharField(max_length=20)
    subject_id = models.UUIDField()
    holder_id = models.UUIDField()
    text = SealedField(blank=True)
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    hidden_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    hidden_at = models.DateTimeField(null=True)
    file_name = SealedField(blank=True)
    file_key = SealedField(blank=True)
    file_type = models.CharField(max_length=40, blank=True)
    file_size = models.PositiveIntegerField(default=0)
    file_digest = models.CharField(max_length=64, blank=True)
    file_stored = models.CharField(max_length=80, blank=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        permissions = [("hide_note", "Can hide the notes of others")]
        indexes = [models.Index(fields=["subject_id", "made_at", "id"], name="notes_subject")]
        constraints = [
            *KeyedModel.Meta.constraints,
            # One correction for each note; its own can be corrected again.
            models.UniqueConstraint(fields=["corrects"], name="notes_note_corrected_once"),
        ]

    def __str__(self) -> str:
        return f"note {self.pk.hex[:8]}"

    @property
    def place(self) -> str:
        """What the sealed text is bound to."""
        return place_of(self.pk, "text")


def place_of(note_id: uuid.UUID, field: str) -> str:
    """What a sealed value of a note is bound to."""
    return f"{Note._meta.db_table}:{field}:{note_id}"


class Tag(models.Model):
    """A word that can be put on an object. The list is the administrators'."""

    class Tone(models.TextChoices):
        SECONDARY = "secondary", _("grey")
        BLUE = "blue", _("blue")
        GREEN = "green", _("green")
        YELLOW = "yellow", _("yellow")
        ORANGE = "orange", _("orange")
        RED = "red", _("red")
        PURPLE = "purple", _("purple")

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    label = models.CharField(_("label"), max_length=40, validators=[refuse_card_number])
    label_fr = models.CharField(
        _("label in French"), max_length=40, blank=True, validators=[refuse_card_number]
    )
    tone = models.CharField(_("colour"), max_length=10, choices=Tone, default=Tone.SECONDARY)
    is_active = models.BooleanField(_("offered"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ("position", "code")
        indexes = [
            models.Index(fields=["position", "code"], name="notes_tag_position"),
            models.Index(fields=["is_active", "position", "code"], name="notes_tag_active"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def words(self) -> str:
        """The label in the reader's language, English where there is no other."""
        if (get_language() or "").startswith("fr") and self.label_fr:
            return self.label_fr
        return self.label


class Tagging(OwnedModel):
    """A tag on an object, or one that was taken off it again."""

    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="taggings")
    kind = models.CharField(max_length=20)
    subject_id = models.UUIDField()
    is_on = models.BooleanField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    changed_at = models.DateTimeField()

    class Meta(OwnedModel.Meta):
        verbose_name = _("tag on an object")
        verbose_name_plural = _("tags on objects")
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "tag"], name="notes_tagging_once")
        ]

    def __str__(self) -> str:
        return f"tag {self.tag_id}"
