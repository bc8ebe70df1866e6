"""Settings of the Django project. Everything that differs between sites comes from the environment.

``FENHE_DATA`` data folder; ``FENHE_HOSTS`` host names, comma-separated; ``FENHE_HTTPS=1``
behind TLS; ``FENHE_TILE_HOSTS`` tile servers the map may ask; ``FENHE_CLOCK`` ``real`` or ``data``.
Running: ``FENHE_METRICS_TOKEN``, ``FENHE_BEHIND``, ``FENHE_DISK_LOW``, ``FENHE_SOURCE_RUNS``,
``FENHE_LOG_FILE`` and its kin; see docs/how-to/operate.md. ``FENHE_GATEWAY`` and its kin: where
data loggers connect; see docs/how-to/run-the-gateway.md.
"""

from __future__ import annotations

import os
from pathlib import Path

from fenhe.platform import logs, paths
from fenhe.platform.gateway import config as gateway

FENHE_DATA = paths.data_folder()
FENHE_CLOCK = os.environ.get("FENHE_CLOCK", "")
HERE = Path(__file__).resolve().parent

SECRET_KEY = paths.secret_key(FENHE_DATA)
DEBUG = False
ALLOWED_HOSTS = [
    host
    for host in os.environ.get("FENHE_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
    if host.strip()
]
HTTPS = os.environ.get("FENHE_HTTPS") == "1"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "fenhe.platform.registry",
    "fenhe.platform.workflow",
    "fenhe.platform.monitoring",
    "fenhe.platform.verdicts",
    "fenhe.platform.gateway",
    "fenhe.platform.notices",
    "fenhe.platform.api",
    "fenhe.platform.web",
]
MIDDLEWARE = [
    "fenhe.platform.operations.metrics.Durations",
    "django.middleware.security.SecurityMiddleware",
    "fenhe.platform.middleware.SecurityHeaders",
    "fenhe.platform.api.middleware.ApiAnswers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "fenhe.platform.urls"
ASGI_APPLICATION = "fenhe.platform.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FENHE_DATA / paths.RECORDS,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            ),
        },
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["fenhe.platform.registry.throttle.ThrottledBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "web:login"
LOGIN_REDIRECT_URL = "web:map"
LOGOUT_REDIRECT_URL = "web:map"
LOGIN_TRIES = 5  # failed tries of one name from one address …
LOGIN_TRIES_PER_NAME = 25  # … of one name from anywhere …
LOGIN_TRIES_PER_ADDRESS = 50  # … and of one address for any name
LOGIN_WINDOW_MINUTES = 15

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [HERE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"  # for showing records only: observations never pass through it

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600

UPLOAD_LIMIT = 50 * 1024 * 1024
API_BODY_LIMIT = 10 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if HTTPS and host != "*"]
SECURE_SSL_REDIRECT = False  # the proxy that holds the certificate redirects
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
TILE_HOSTS = [host for host in os.environ.get("FENHE_TILE_HOSTS", "").split(",") if host.strip()]

FENHE_METRICS_TOKEN = os.environ.get("FENHE_METRICS_TOKEN", "")
FENHE_SOURCE_RUNS = int(os.environ.get("FENHE_SOURCE_RUNS", "1000"))  # kept of each feed
FENHE_BEHIND = float(os.environ.get("FENHE_BEHIND", "900"))  # seconds the verdicts may be behind
FENHE_RAWLOG_YEARS = int(os.environ.get("FENHE_RAWLOG_YEARS", "0")) or None  # None: for ever
FENHE_DISK_LOW = int(os.environ.get("FENHE_DISK_LOW", str(256 << 20)))  # bytes to keep free
FENHE_GATEWAY = gateway.read(os.environ)  # listens only where an address is given
LOGGING = logs.settings(os.environ)
