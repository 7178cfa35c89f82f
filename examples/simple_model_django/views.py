"""A visitor's request -> the form, with what is wrong in it, the answer, or the reason why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from examples.simple_model_django.calculation import Trouble, calculate, is_ready
from examples.simple_model_django.forms import CalculationForm

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The form, which stays as it was filled in."""
    if request.method != "POST":
        return _page(request, CalculationForm())
    form = CalculationForm(request.POST)
    if not form.is_valid():
        first_wrong = form.fields[next(iter(form.errors))]
        first_wrong.widget.attrs["autofocus"] = True
        return _page(request, form, 400)
    asked = form.cleaned_data
    try:
        answer = calculate(asked["operation"], asked["a"], asked["b"], asked["version"], asked["label"])
    except Trouble as trouble:
        return _page(request, form, trouble.status, trouble=trouble.message)
    return _page(request, form, answer=answer)


def _page(request: HttpRequest, form: CalculationForm, status: int = 200, **more: object) -> HttpResponse:
    return render(request, "page.html", {"form": form, **more}, status=status)


@require_safe
def ready(_: HttpRequest) -> HttpResponse:
    """For whoever starts or watches the site: 200 once the models behind it can answer, else 503."""
    return HttpResponse("ready\n") if is_ready() else HttpResponse("the models are not ready\n", status=503)
