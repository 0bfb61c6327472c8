"""The rows of a capture, with the columns that ours have."""

from __future__ import annotations

import uuid

from auditlog.registry import auditlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class Payment(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=120, unique=True)
    fingerprint = models.CharField(max_length=64)
    reference = models.CharField(max_length=16, unique=True)
    order_reference = models.CharField(max_length=80, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    capture_method = models.CharField(max_length=10)
    status = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    authorized_minor = models.BigIntegerField(default=0)
    capture_pending_minor = models.BigIntegerField(default=0)
    captured_minor = models.BigIntegerField(default=0)
    refund_pending_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    disputed_minor = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["created_at", "id"])]

    def __str__(self) -> str:
        return self.reference


class Asked(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=120, unique=True)
    fingerprint = models.CharField(max_length=64)
    connector = models.CharField(max_length=20)
    provider_reference = models.CharField(max_length=80, blank=True, db_index=True)
    raw_status = models.CharField(max_length=80, blank=True)
    asked_times = models.PositiveSmallIntegerField(default=0)
    ask_at = models.DateTimeField(null=True, db_index=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class Attempt(Asked):
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=16)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"attempt {self.number}"


class Capture(Asked):
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT)
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT)
    status = models.CharField(max_length=10, default="pending")
    settled_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return f"capture {self.pk.hex[:8]}"


class Message(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=80)
    kwargs = models.JSONField(encoder=DjangoJSONEncoder)
    status = models.CharField(max_length=8, default="waiting")
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    request_id = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["status", "next_at", "id"])]

    def __str__(self) -> str:
        return self.task


class Key(models.Model):
    """A merchant's key of the API, by the hash of its secret."""

    digest = models.CharField(max_length=64, unique=True)
    owner = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.owner


class Record(models.Model):
    """What a caller's idempotency key has done, and what he was told."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.CharField(max_length=60)
    digest = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    subject = models.UUIDField()
    made_at = models.DateTimeField(db_index=True)
    answer = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "digest"], name="record_once")]

    def __str__(self) -> str:
        return self.digest


# The outbox and the keys are no more on record here than with us.
for model in (Payment, Attempt, Capture):
    auditlog.register(model)
