"""The site has one page, and one address for machines."""

from django.urls import path

from examples.simple_model_django.views import page, ready

urlpatterns = [path("", page), path("ready", ready)]
