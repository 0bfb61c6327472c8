"""Puts our admin site where Django's would be."""

from django.contrib.admin.apps import AdminConfig


class SiteConfig(AdminConfig):
    default_site = "config.access.admin_site.AdminSite"
