"""The people who work here, and the mail they get."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.owned import OwnedModel


class UserManager(BaseUserManager["User"]):
    """Makes people by email address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who can sign in; without a password he sets one by mail. Needs an actor."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        with transaction.atomic():
            user.save(using=self._db)
            user.keep_address()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account. What he may do comes from his roles (groups) alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True)
    is_staff = models.BooleanField(_("may open the administration"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)
    user_permissions = None  # type: ignore[assignment]

    needs_factor: bool = False
    """Set on a person whose roles have been read (`snapshot.held_by`)."""

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions = [("assign_role", _("Can give and take the roles of others"))]
        indexes = [
            models.Index(fields=["name", "id"], name="access_user_name"),
            models.Index(fields=["is_active", "name", "id"], name="access_user_active"),
            models.Index(fields=["is_staff", "name", "id"], name="access_user_staff"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What stands for the person wherever a name must not: in the log, in addresses."""
        return f"U-{self.pk.hex[:8].upper()}"

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email

    def keep_address(self) -> None:
        """Tell allauth the address: the one it sends mail to, verified by whoever typed it here."""
        from allauth.account.models import EmailAddress

        held = EmailAddress.objects.filter(user=self).order_by("pk")
        for address in held:
            if address.email != self.email:
                address.delete()
        if not any(address.email == self.email for address in held):
            EmailAddress.objects.create(user=self, email=self.email, verified=True, primary=True)


class RoleSetting(OwnedModel):
    """What an administrator set for a role beside its permissions. No row: as the house has it."""

    role = models.OneToOneField(
        "auth.Group", on_delete=models.PROTECT, related_name="setting", verbose_name=_("role")
    )
    needs_factor = models.BooleanField(_("asks for a second factor"))

    class Meta(OwnedModel.Meta):
        verbose_name = _("role setting")
        verbose_name_plural = _("role settings")

    def __str__(self) -> str:
        return f"setting of {self.role_id}"


class OutgoingMail(OwnedModel):
    """A mail on its way. Address and words are sealed, and gone once it is sent."""

    kind = models.CharField(max_length=80)
    sealed = models.TextField(blank=True)
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta(OwnedModel.Meta):
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mail")

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
