"""What a caller's key has done, and what he was told."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.encryption import SealedField
from audit.owned import OwnedModel


class Record(OwnedModel):
    """A key that was used: it is written by the same flush as its effect, so it is there exactly
    when the effect is. `owner` is who may use the key, `digest` stands for the key itself.

    `subject_kind` and `subject_id` name what was made, so that an answer that nobody kept can be
    given from what is true now. The answer is sealed, and holds no card data. It is its own record.
    """

    owner = models.CharField(max_length=60)
    digest = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    request_id = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    in_flight_until = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    status_code = models.PositiveSmallIntegerField(null=True)
    answer = SealedField(blank=True)

    class Meta(OwnedModel.Meta):
        verbose_name = _("idempotency record")
        indexes = [models.Index(fields=["made_at", "id"], name="idempotency_age")]
        constraints = [
            models.UniqueConstraint(fields=["owner", "digest"], name="idempotency_record_once")
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def place(self) -> str:
        """Where its answer is sealed to."""
        return f"idempotency_record:answer:{self.pk}"
