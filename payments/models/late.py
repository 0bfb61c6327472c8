"""Money that a provider holds or has taken for an attempt that had failed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.owned import KeyedModel
from payments.ledger.money import Money
from payments.models.asked import Asked
from payments.models.attempts import Attempt
from payments.models.payments import Payment


class LateAuthorization(KeyedModel, Asked):
    """An authorization that turned up after its attempt had ended without money.

    The shop was told that it failed, so it is not the payment's: what it holds is let go, what was
    taken of it goes back, unless a person takes it for the payment. `held_minor` and `taken_minor`
    are what the provider says now; the latter is what the ledger has on suspense for it, or as
    unclaimed once it is booked off. `bookings` numbers its transfers, `release_tries` and
    `return_tries` what the provider was asked for.
    """

    class Status(models.TextChoices):
        VOIDING = "voiding", pgettext_lazy("late", "being let go")
        VOID_UNKNOWN = "void_unknown", pgettext_lazy("late", "letting go unknown")
        HELD = "held", pgettext_lazy("late", "still held")
        VOIDED = "voided", pgettext_lazy("late", "let go")
        TAKEN = "taken", pgettext_lazy("late", "money was taken")
        RETURNING = "returning", pgettext_lazy("late", "on its way back")
        RETURN_UNKNOWN = "return_unknown", pgettext_lazy("late", "return unknown")
        RETURNED = "given_back", pgettext_lazy("late", "given back")
        ADOPTED = "adopted", pgettext_lazy("late", "taken for the payment")
        BOOKED_OFF = "booked_off", pgettext_lazy("late", "booked off")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="late")
    attempt = models.ForeignKey(
        Attempt, on_delete=models.PROTECT, related_name="late", db_index=False
    )
    amount_minor = models.BigIntegerField()
    """What the bank approved."""
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=Status)
    held_minor = models.BigIntegerField(default=0)
    taken_minor = models.BigIntegerField(default=0)
    bookings = models.PositiveSmallIntegerField(default=0)
    release_tries = models.PositiveSmallIntegerField(default=0)
    return_minor = models.BigIntegerField(default=0)
    return_tries = models.PositiveSmallIntegerField(default=0)
    return_reference = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=40, blank=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("late authorization")
        verbose_name_plural = _("late authorizations")
        permissions = [("book_off_late", "Can book off what nobody can be given back")]
        indexes = [
            models.Index(fields=["status", "ask_at"], name="payments_late_ask"),
            models.Index(fields=["status", "created_at", "id"], name="payments_late_status"),
        ]
        constraints = [
            *KeyedModel.Meta.constraints,
            # An attempt has one key at its provider, which makes one authorization.
            models.UniqueConstraint(fields=["attempt"], name="payments_late_once"),
            models.CheckConstraint(
                name="payments_late_amounts_hold",
                condition=Q(amount_minor__gte=0)
                & Q(held_minor__gte=0)
                & Q(taken_minor__gte=0)
                & Q(return_minor__gte=0),
            ),
            models.CheckConstraint(
                name="payments_late_ends_empty",
                condition=~Q(status__in=("voided", "given_back", "adopted"))
                | Q(held_minor=0, taken_minor=0),
            ),
            models.CheckConstraint(
                name="payments_late_taken_is_money",
                condition=~Q(status__in=("taken", "returning", "return_unknown"))
                | Q(taken_minor__gt=0),
            ),
            models.CheckConstraint(
                name="payments_late_booked_off_is_money",
                condition=~Q(status="booked_off") | Q(held_minor=0, taken_minor__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"late authorization {self.pk.hex[:8]}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def held(self) -> Money:
        """What the provider holds of it now."""
        return Money(self.held_minor, self.currency)

    @property
    def taken(self) -> Money:
        """What was taken of it and has not gone back."""
        return Money(self.taken_minor, self.currency)

    @property
    def transfers(self) -> list[str]:
        """The references of its transfers, in their order."""
        return [f"late:{self.pk}:{number}" for number in range(1, self.bookings + 1)]
