"""Havre's own tables of the marketplace, as Django sees them. It only reads, so nothing here is managed."""

from django.db import models


class Provider(models.Model):
    uuid = models.UUIDField()
    name = models.TextField()

    class Meta:
        managed = False
        db_table = "organisation"


class Project(models.Model):
    uuid = models.UUIDField()
    name = models.TextField()
    owner_id = models.BigIntegerField()
    organisation_id = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "study"


class Role(models.Model):
    person_id = models.BigIntegerField()
    object_kind = models.TextField()
    object_id = models.BigIntegerField()
    role = models.TextField()
    active = models.BooleanField()
    path = models.TextField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "permission"


class Category(models.Model):
    uuid = models.UUIDField()
    title = models.TextField()

    class Meta:
        managed = False
        db_table = "market_category"


class Offering(models.Model):
    uuid = models.UUIDField()
    organisation = models.ForeignKey(Provider, models.DO_NOTHING)
    study = models.ForeignKey(Project, models.DO_NOTHING, null=True)
    category = models.ForeignKey(Category, models.DO_NOTHING)
    name = models.TextField()
    slug = models.TextField()
    type = models.TextField()
    state = models.TextField()
    paused_reason = models.TextField()
    shared = models.BooleanField()
    billable = models.BooleanField()
    description = models.TextField()
    terms_of_service = models.TextField()
    texts = models.JSONField()
    attributes = models.JSONField()
    options = models.JSONField()
    resource_options = models.JSONField()
    plugin_options = models.JSONField()
    backend_id = models.TextField()
    backend_metadata = models.JSONField()
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    country = models.TextField()
    orders = models.IntegerField()
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "offering"


class Component(models.Model):
    uuid = models.UUIDField()
    offering = models.ForeignKey(Offering, models.DO_NOTHING, related_name="components")
    type = models.TextField()
    name = models.TextField()
    description = models.TextField()
    measured_unit = models.TextField()
    billing_type = models.TextField()
    limit_period = models.TextField(null=True)
    limit_amount = models.BigIntegerField(null=True)
    min_value = models.BigIntegerField(null=True)
    max_value = models.BigIntegerField(null=True)
    max_available_limit = models.BigIntegerField(null=True)
    default_limit = models.BigIntegerField(null=True)
    is_boolean = models.BooleanField()
    factor = models.BigIntegerField(null=True)
    article_code = models.TextField()

    class Meta:
        managed = False
        db_table = "offering_component"


class Plan(models.Model):
    uuid = models.UUIDField()
    offering = models.ForeignKey(Offering, models.DO_NOTHING, related_name="plans")
    name = models.TextField()
    description = models.TextField()
    article_code = models.TextField()
    backend_id = models.TextField()
    unit = models.TextField()
    archived = models.BooleanField()
    max_amount = models.IntegerField(null=True)

    class Meta:
        managed = False
        db_table = "plan"


class Part(models.Model):
    """What a plan says of a component. The table has no number of its own; the component will do, as nothing is looked up by it."""

    component = models.OneToOneField(Component, models.DO_NOTHING, primary_key=True)
    plan = models.ForeignKey(Plan, models.DO_NOTHING, related_name="parts")
    price = models.DecimalField(max_digits=22, decimal_places=10)
    future_price = models.DecimalField(max_digits=22, decimal_places=10, null=True)
    quota = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "plan_component"


class Resource(models.Model):
    plan = models.ForeignKey(Plan, models.DO_NOTHING)
    state = models.TextField()

    class Meta:
        managed = False
        db_table = "resource"
