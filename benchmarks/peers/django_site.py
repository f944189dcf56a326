"""An ordinary Django REST site with django-push-notifications, for benchmarks/peers.py.

A bulk end point as such sites have: a list serializer that makes or updates a user and a device for each item.
"""

from __future__ import annotations

import os

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="django_site",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "HOST": os.environ["PGHOST"],
            "USER": os.environ["PGUSER"],
            "PASSWORD": os.environ["PGPASSWORD"],
            "CONN_MAX_AGE": 600,
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "push_notifications",
    ],
    PUSH_NOTIFICATIONS_SETTINGS={"UNIQUE_REG_ID": True},
)
django.setup()

from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.urls import path
from push_notifications.models import GCMDevice
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView


class Contact(serializers.Serializer):
    """One item of the bulk request."""

    username = serializers.CharField(max_length=150)
    first_name = serializers.CharField(max_length=40)
    last_name = serializers.CharField(max_length=40)
    email = serializers.EmailField()
    registration_id = serializers.CharField()
    name = serializers.CharField()


class Bulk(APIView):
    """POST a list: make or update a user and their device for each."""

    authentication_classes: list[type] = []
    permission_classes: list[type] = []

    def post(self, request):
        """Store the list in one transaction."""
        items = Contact(data=request.data, many=True)
        items.is_valid(raise_exception=True)
        with transaction.atomic():
            for item in items.validated_data:
                token, name = item.pop("registration_id"), item.pop("name")
                user, _ = User.objects.update_or_create(username=item.pop("username"), defaults=item)
                GCMDevice.objects.update_or_create(registration_id=token, defaults={"user": user, "name": name})
        return Response({"stored": len(items.validated_data)})


urlpatterns = [path("bulk", Bulk.as_view())]
application = get_wsgi_application()
