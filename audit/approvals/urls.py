from django.urls import path

from audit.approvals import views

app_name = "approvals"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<uuid:approval_id>/", views.detail, name="detail"),
    path("<uuid:approval_id>/subject/", views.subject, name="subject"),
    path("<uuid:approval_id>/decision/new/", views.decision, name="decision"),
    path("<uuid:approval_id>/withdrawal/new/", views.withdrawal, name="withdrawal"),
    path("<uuid:approval_id>/notice/new/", views.notice, name="notice"),
]
