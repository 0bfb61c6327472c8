"""Notes and tags of one object: a page of their own, and what its panel on other pages sends."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from audit import keyset, undo
from audit.access import saw
from audit.actor import current_actor
from audit.errors import Kind, Refusal
from audit.gate import requires
from audit.keyset import Place
from audit.notes import commands
from audit.notes.forms import NoteForm
from audit.notes.models import Note, Tag
from audit.notes.queries import find_words, get_board_page, get_note, open_file
from audit.notes.steps import store_file
from audit.subjects import Subject, get_subject

ANCHOR = "#notes"
STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.CONFLICT: 409}


@requires("notes.view_note")
@require_safe
def board(request: HttpRequest, kind: str, subject_id: uuid.UUID) -> HttpResponse:
    """Everything that colleagues left on an object, the newest first, on pages of its own."""
    return _page(request, kind, subject_id, NoteForm())


def _page(
    request: HttpRequest, kind: str, subject_id: uuid.UUID, form: NoteForm, status: int = 200
) -> HttpResponse:
    subject = get_subject(kind, current_actor())
    obj = subject.find(subject_id)
    saw(request, obj)
    place = Place.read(request.GET)
    found, page = get_board_page(kind, subject_id, current_actor(), place)
    context = {
        "subject": subject,
        "object": obj,
        "url": subject.url(subject_id),
        "board": found,
        "form": form,
        "pager": keyset.pager(page, request.path, request.GET),
    }
    return render(request, "notes/board.html", context, status=status)


@requires("notes.view_note", "notes.add_note")
@require_http_methods(["GET", "HEAD", "POST"])
def note_new(request: HttpRequest, kind: str, subject_id: uuid.UUID) -> HttpResponse:
    """Write a note. A refusal comes back with what was typed and its reason."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("notes:board", args=[kind, subject_id]))
    subject = get_subject(kind, current_actor())
    form = NoteForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, kind, subject_id, form, status=400)
    facts, content = form.cleaned_data["file"] or (None, b"")
    try:
        note = commands.add_note(
            kind=kind,
            subject_id=subject_id,
            text=form.cleaned_data["text"],
            file=facts,
            key=form.idempotency_key,
        )
    except Refusal as refusal:
        return _refused(request, kind, subject_id, form, refusal)
    if facts is not None:
        store_file(note, content)
    undo.told(request, _("Note kept."), reverse("notes:hiding", args=[note.pk]))
    return _back(subject, subject_id)


@requires("notes.view_note")
@require_safe
def file(request: HttpRequest, note_id: uuid.UUID) -> HttpResponse:
    """The file of a note, to be kept and never to be shown by the browser itself."""
    note, _subject = _find(note_id)
    name, content = open_file(note)
    saw(request, note)
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _refused(
    request: HttpRequest, kind: str, subject_id: uuid.UUID, form: NoteForm, refusal: Refusal
) -> HttpResponse:
    if refusal.kind is Kind.MISSING:
        raise refusal
    form.add_error("text", str(refusal.message))
    return _page(request, kind, subject_id, form, STATUS[refusal.kind])


@requires("notes.view_note", "notes.add_note")
@require_http_methods(["GET", "HEAD", "POST"])
def correction(request: HttpRequest, note_id: uuid.UUID) -> HttpResponse:
    """Other words in the place of one's own; the first ones stay to be read."""
    note = get_note(note_id)
    subject = get_subject(note.kind, current_actor())
    words = find_words(note, current_actor())
    if words is None:
        return _back(subject, note.subject_id)
    if not words.may_correct:
        raise PermissionDenied
    form = NoteForm(request.POST if request.method == "POST" else None)
    form.initial["text"] = words.text or ""
    refusal: Refusal | None = None
    if form.is_valid():
        try:
            commands.correct_note(
                note_id=note_id, text=form.cleaned_data["text"], key=form.idempotency_key
            )
        except Refusal as error:
            refusal = error
            form.add_error("text", str(error.message))
        else:
            return _back(subject, note.subject_id)
    status = STATUS[refusal.kind] if refusal else (400 if form.is_bound else 200)
    saw(request, note)
    context = {
        "subject": subject,
        "words": words,
        "form": form,
        "url": subject.url(note.subject_id),
    }
    return render(request, "notes/correction.html", context, status=status)


@requires("notes.view_note", "notes.add_note")
@require_http_methods(["GET", "HEAD", "POST"])
def hiding(request: HttpRequest, note_id: uuid.UUID) -> HttpResponse:
    """Put a note away, with a way back."""
    note, subject = _find(note_id)
    if request.method == "POST":
        commands.hide_note(note_id=note_id)
        undo.told(request, _("Note hidden."), reverse("notes:return", args=[note_id]))
    return _back(subject, note.subject_id)


@requires("notes.view_note", "notes.add_note")
@require_http_methods(["GET", "HEAD", "POST"])
def return_(request: HttpRequest, note_id: uuid.UUID) -> HttpResponse:
    """Bring a hidden note back."""
    note, subject = _find(note_id)
    if request.method == "POST":
        commands.show_note(note_id=note_id)
        undo.told(request, _("The note is back."), reverse("notes:hiding", args=[note_id]))
    return _back(subject, note.subject_id)


def _find(note_id: uuid.UUID) -> tuple[Note, Subject]:
    note = get_note(note_id)
    return note, get_subject(note.kind, current_actor())


@requires("notes.view_note", "notes.add_note")
@require_http_methods(["GET", "HEAD", "POST"])
def tag_new(request: HttpRequest, kind: str, subject_id: uuid.UUID, code: str) -> HttpResponse:
    """Put a tag on."""
    subject = get_subject(kind, current_actor())
    if request.method == "POST":
        tagging = commands.put_tag(kind=kind, subject_id=subject_id, code=code)
        words = _("Tag “%(tag)s” put on.")
        _say_of_tag(request, words, tagging.tag, "notes:tag_removal", kind, subject_id)
    return _back(subject, subject_id)


@requires("notes.view_note", "notes.add_note")
@require_http_methods(["GET", "HEAD", "POST"])
def tag_removal(request: HttpRequest, kind: str, subject_id: uuid.UUID, code: str) -> HttpResponse:
    """Take a tag off."""
    subject = get_subject(kind, current_actor())
    if request.method == "POST":
        tagging = commands.take_tag(kind=kind, subject_id=subject_id, code=code)
        words = _("Tag “%(tag)s” taken off.")
        _say_of_tag(request, words, tagging.tag, "notes:tag_new", kind, subject_id)
    return _back(subject, subject_id)


def _say_of_tag(
    request: HttpRequest, words: Any, tag: Tag, undo_route: str, kind: str, subject_id: uuid.UUID
) -> None:
    way_back = reverse(undo_route, args=[kind, subject_id, tag.code])
    undo.told(request, words % {"tag": tag.words}, way_back)


def _back(subject: Subject, subject_id: uuid.UUID) -> HttpResponse:
    return HttpResponseRedirect(subject.url(subject_id) + ANCHOR)
