from django.urls import path

from audit.notes import views

app_name = "notes"
urlpatterns = [
    path("<slug:kind>/<uuid:subject_id>/", views.board, name="board"),
    path("<slug:kind>/<uuid:subject_id>/new/", views.note_new, name="note_new"),
    path("<slug:kind>/<uuid:subject_id>/tags/<slug:code>/new/", views.tag_new, name="tag_new"),
    path(
        "<slug:kind>/<uuid:subject_id>/tags/<slug:code>/removal/new/",
        views.tag_removal,
        name="tag_removal",
    ),
    path("<uuid:note_id>/file/", views.file, name="file"),
    path("<uuid:note_id>/correction/new/", views.correction, name="correction"),
    path("<uuid:note_id>/hiding/new/", views.hiding, name="hiding"),
    path("<uuid:note_id>/return/new/", views.return_, name="return"),
]
