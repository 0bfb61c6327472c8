from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "config.access"
    label = "access"
    verbose_name = _("Access")

    def ready(self) -> None:
        from allauth.account.models import EmailAddress
        from allauth.mfa.models import Authenticator
        from allauth.usersessions.models import UserSession
        from django.contrib.auth.models import Group, Permission

        from audit import net

        # What Django calls a group is a role in this house, on every page.
        Group._meta.verbose_name = _("role")
        Group._meta.verbose_name_plural = _("roles")
        apps.get_app_config("auth").verbose_name = _("Access")

        # Importing checks and tasks is what registers them.
        from config.access import checks as _checks  # noqa: F401
        from config.access import factors, install, needs, record, rotating
        from config.access import tasks as _tasks  # noqa: F401
        from config.access.models import OutgoingMail, RoleSetting, User
        from config.access.words import code_of

        User._meta.get_field("groups").verbose_name = _("roles")
        # The record names a permission by its code, whatever language its writer reads.
        Permission.__str__ = code_of  # type: ignore[assignment, method-assign]

        net.cover(
            User,
            masked=["email", "name"],
            concealed=["password"],
            left_out=["last_login"],
            m2m=["groups"],
        )
        net.cover(Group, m2m=["permissions"])
        net.cover(EmailAddress, masked=["email"], unnamed=True)
        net.cover(Authenticator, concealed=["data"], left_out=["last_used_at"], unnamed=True)
        net.cover(
            UserSession,
            masked=["ip", "user_agent"],
            left_out=["session_key", "data", "last_seen_at"],
            unnamed=True,
        )
        net.keep(RoleSetting)
        net.keep(OutgoingMail, left_out=["sealed"])
        rotating.register()
        needs.register()
        record.connect()
        factors.connect()
        post_migrate.connect(install.after_migrate, dispatch_uid="access.roles")
