"""Addresses for machines that watch over Fenhe; the same in every language."""

from __future__ import annotations

from django.urls import path

from fenhe.platform.operations import views

app_name = "operations"
urlpatterns = [
    path("health/", views.alive, name="alive"),
    path("health/ready/", views.ready, name="ready"),
    path("metrics", views.show_metrics, name="metrics"),
]
