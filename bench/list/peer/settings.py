"""The peer of the list benchmark: the same routes by Django REST framework and djoser, on the same tables."""

import os

SECRET_KEY = "only-for-the-benchmark"
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "rest_framework",
    "djoser",
    "studies",
]
AUTH_USER_MODEL = "studies.Person"
# No session, no CSRF, no message: what a token API needs, and nothing that only costs.
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "studies.urls"
WSGI_APPLICATION = "wsgi.application"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["PEER_DATABASE_HOST"],
        "NAME": os.environ["PEER_DATABASE"],
        "USER": os.environ["PEER_DATABASE_USER"],
        "CONN_MAX_AGE": None,  # a connection is kept for the life of its thread
    }
}
USE_TZ = True
TIME_ZONE = "Europe/Amsterdam"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["studies.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "studies.pages.Pages",
    "UNAUTHENTICATED_USER": None,
}
DJOSER = {"TOKEN_MODEL": None}
PUBLIC_URL = os.environ["PEER_PUBLIC_URL"]
