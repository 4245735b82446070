"""Havre's own tables, as Django sees them. It only reads, so nothing here is managed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Stamped(models.Model):
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        abstract = True


class Organisation(models.Model):
    name = models.TextField()
    ror = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "organisation"


class Faculty(models.Model):
    name = models.TextField()
    organisation = models.ForeignKey(Organisation, models.DO_NOTHING)

    class Meta:
        managed = False
        db_table = "faculty"


class StudyField(models.Model):
    name = models.TextField()
    faculty = models.ForeignKey(Faculty, models.DO_NOTHING)

    class Meta:
        managed = False
        db_table = "study_field"


class Person(Stamped):
    username = models.TextField()
    email = models.TextField()
    first_name = models.TextField()
    last_name = models.TextField()
    orcid = models.TextField(null=True)
    is_active = models.BooleanField()
    is_staff = models.BooleanField()
    is_superuser = models.BooleanField()
    organisation = models.ForeignKey(Organisation, models.DO_NOTHING, null=True)
    faculty = models.ForeignKey(Faculty, models.DO_NOTHING, null=True)
    is_authenticated = True
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        managed = False
        db_table = "person"


class Token(models.Model):
    person = models.ForeignKey(Person, models.DO_NOTHING)
    secret_hash = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "token"


class Study(Stamped):
    owner = models.ForeignKey(Person, models.DO_NOTHING)
    code = models.TextField()
    name = models.TextField()
    description = models.TextField()
    human_subject = models.BooleanField()
    field = models.ForeignKey(StudyField, models.DO_NOTHING)
    uuid = models.UUIDField()
    upload_uuid = models.UUIDField()
    upload_code = models.TextField()
    is_open = models.BooleanField()
    recipients = ArrayField(models.TextField())

    class Meta:
        managed = False
        db_table = "study"


class Permission(models.Model):
    """A role on a study: `object_id` is its id while `object_kind` is "study"."""

    person = models.ForeignKey(Person, models.DO_NOTHING)
    study = models.ForeignKey(Study, models.DO_NOTHING, db_column="object_id", related_name="permissions")
    object_kind = models.TextField()
    role = models.TextField()
    active = models.BooleanField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "permission"


class Location(models.Model):
    study = models.ForeignKey(Study, models.DO_NOTHING)
    direction = models.TextField()

    class Meta:
        managed = False
        db_table = "location"


class Drop(models.Model):
    study = models.ForeignKey(Study, models.DO_NOTHING)
    size_bytes = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "drop"


class Invitation(models.Model):
    study = models.ForeignKey(Study, models.DO_NOTHING)

    class Meta:
        managed = False
        db_table = "invitation"
