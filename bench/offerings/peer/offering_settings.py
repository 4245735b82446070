"""The peer of the offerings benchmark: that of the lists, with another application."""

from settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "django_filters", "offerings"]  # noqa: F405
ROOT_URLCONF = "offerings.urls"
