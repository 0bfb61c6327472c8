"""What the pages of sign-in and administration show (see `config.routes`)."""

from __future__ import annotations

from audit.access import DataClass, Route

_NOTHING = (
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_login_code",
    "account_email_verification_sent",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_login_webauthn",
    "access:stay",
    "access:end_session",
    "access:second_factor",
    "admin:index",
    "admin:login",
    "admin:logout",
    "admin:password_change",
    "admin:password_change_done",
    "admin:jsi18n",
    "admin:app_list",
    "admin:view_on_site",
    "admin:access_user_reset_mail",
    "admin:access_user_remove_factor",
    "admin:access_user_end_sessions",
    "admin:access_user_deactivate",
    "admin:access_user_activate",
)
_OWN = (
    "account_email",
    "account_confirm_email",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "usersessions_list",
)
_PERSON = ("email", "name", "roles", "last_login")


def of_admin(model: str, data: DataClass, *fields: str) -> dict[str, Route]:
    """The rows of a model on the administration (`access_user`): list, add, change, history."""
    shown = Route(data, fields)
    names = ("changelist", "add", "change", "history", "delete")
    return {f"admin:{model}_{name}": shown for name in names}


ROUTES: dict[str, Route] = {
    **dict.fromkeys(_NOTHING, Route(DataClass.NOTHING)),
    **dict.fromkeys(_OWN, Route(DataClass.OWN)),
    "access:matrix": Route(DataClass.SETTINGS, ("permissions",)),
    "access:person": Route(DataClass.STAFF, ("name", "roles", "permissions", "limits")),
    "admin:autocomplete": Route(DataClass.SETTINGS),
    **of_admin("access_user", DataClass.STAFF, *_PERSON),
    **of_admin("auth_group", DataClass.SETTINGS, "permissions"),
}
