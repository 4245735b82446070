from datetime import timezone

from django.conf import settings
from rest_framework import serializers

from .models import Component, Offering, Plan
from .prices import Prices

TEXTS = [
    "full_description",
    "vendor_details",
    "native_name",
    "native_description",
    "getting_started",
    "integration_guide",
    "access_url",
    "privacy_policy_link",
    "helpdesk_url",
    "documentation_url",
    "terms_of_service_link",
    "datacite_doi",
]
STATES = {"draft": "Draft", "active": "Active", "paused": "Paused", "archived": "Archived"}


def link(collection, uuid, rest=""):
    return f"{settings.PUBLIC_URL}/api/{collection}/{uuid.hex}/{rest}"


class Hex(serializers.Field):
    def to_representation(self, value):
        return value.hex


class Link(serializers.Field):
    def __init__(self, collection, **kwargs):
        super().__init__(read_only=True, **kwargs)
        self.collection = collection

    def to_representation(self, value):
        return link(self.collection, value)


class Constant(serializers.Field):
    def __init__(self, value):
        super().__init__(source="*", read_only=True)
        self.value = value

    def to_representation(self, value):
        return self.value


class State(serializers.Field):
    def to_representation(self, value):
        return STATES[value]


class Text(serializers.Field):
    def __init__(self, key):
        super().__init__(source="texts", read_only=True)
        self.key = key

    def to_representation(self, value):
        return value.get(self.key, "")


class ComponentSerializer(serializers.ModelSerializer):
    uuid = Hex()
    unit_factor = Constant(1)
    disable_quotas = Constant(False)
    use_limit_for_billing = Constant(False)
    is_builtin = Constant(False)
    is_prepaid = Constant(False)

    class Meta:
        model = Component
        fields = [
            "uuid",
            "type",
            "name",
            "description",
            "measured_unit",
            "billing_type",
            "limit_period",
            "limit_amount",
            "min_value",
            "max_value",
            "max_available_limit",
            "default_limit",
            "is_boolean",
            "factor",
            "unit_factor",
            "article_code",
            "disable_quotas",
            "use_limit_for_billing",
            "is_builtin",
            "is_prepaid",
        ]


class PlanSerializer(serializers.ModelSerializer):
    uuid = Hex()
    organization_groups = Constant([])
    resources_count = serializers.IntegerField()

    class Meta:
        model = Plan
        fields = [
            "uuid",
            "name",
            "description",
            "article_code",
            "unit",
            "archived",
            "max_amount",
            "backend_id",
            "organization_groups",
            "resources_count",
        ]

    def to_representation(self, plan):
        offering = self.context["offering"]
        components = offering.components.all()
        parts = plan.parts.all()
        types = {component.id: component.type for component in components}
        prices = Prices(components, parts)
        return {
            "url": link("marketplace-public-offerings", offering.uuid, f"plans/{plan.uuid.hex}/"),
            **super().to_representation(plan),
            "unit_price": f"{prices.unit:.10f}",
            "init_price": float(prices.init),
            "switch_price": float(prices.switch),
            "prices": {types[part.component_id]: float(part.price) for part in parts},
            "future_prices": {
                types[part.component_id]: None if part.future_price is None else float(part.future_price) for part in parts
            },
            "quotas": {types[part.component_id]: part.quota for part in parts},
            "is_active": not plan.archived and (plan.max_amount is None or plan.resources_count < plan.max_amount),
            "plan_type": prices.plan_type,
            "minimal_price": float(prices.minimal),
        }


class OfferingSerializer(serializers.ModelSerializer):
    url = Link("marketplace-public-offerings", source="uuid")
    uuid = Hex()
    created = serializers.DateTimeField(source="created_at", format="%Y-%m-%dT%H:%M:%S.%fZ", default_timezone=timezone.utc)
    state = State()
    customer = Link("customers", source="organisation.uuid")
    customer_uuid = Hex(source="organisation.uuid")
    customer_name = serializers.CharField(source="organisation.name")
    project = Link("projects", source="study.uuid", default=None)
    project_uuid = Hex(source="study.uuid", default=None)
    project_name = serializers.CharField(source="study.name", default=None)
    category = Link("marketplace-categories", source="category.uuid")
    category_uuid = Hex(source="category.uuid")
    category_title = serializers.CharField(source="category.title")
    components = ComponentSerializer(many=True)
    plans = serializers.SerializerMethodField()
    rating = Constant(None)
    order_count = serializers.IntegerField(source="orders")
    quotas = Constant(None)
    scope = Constant(None)
    scope_uuid = Constant(None)
    scope_state = Constant(None)
    thumbnail = Constant(None)
    image = Constant(None)
    screenshots = Constant([])
    files = Constant([])
    endpoints = Constant([])
    organization_groups = Constant([])
    tags = Constant([])
    partitions = Constant([])
    qos_profiles = Constant([])
    software_catalogs = Constant([])
    citation_count = Constant(-1)
    google_calendar_is_public = Constant(None)
    parent_uuid = Constant(None)
    parent_name = Constant(None)
    parent_description = Constant(None)
    for text in TEXTS:
        locals()[text] = Text(text)
    del text

    class Meta:
        model = Offering
        fields = [
            "url",
            "uuid",
            "created",
            "slug",
            "name",
            "description",
            "terms_of_service",
            *TEXTS,
            "state",
            "paused_reason",
            "type",
            "shared",
            "billable",
            "customer",
            "customer_uuid",
            "customer_name",
            "project",
            "project_uuid",
            "project_name",
            "category",
            "category_uuid",
            "category_title",
            "attributes",
            "options",
            "resource_options",
            "plugin_options",
            "components",
            "plans",
            "backend_id",
            "backend_metadata",
            "rating",
            "order_count",
            "quotas",
            "scope",
            "scope_uuid",
            "scope_state",
            "latitude",
            "longitude",
            "country",
            "thumbnail",
            "image",
            "screenshots",
            "files",
            "endpoints",
            "organization_groups",
            "tags",
            "partitions",
            "qos_profiles",
            "software_catalogs",
            "citation_count",
            "google_calendar_is_public",
            "parent_uuid",
            "parent_name",
            "parent_description",
        ]

    def get_fields(self):
        """Only what was asked for, so that the rest costs nothing."""
        fields = super().get_fields()
        asked = self.context["request"].query_params.getlist("field")
        return {name: field for name, field in fields.items() if name in asked} if asked else fields

    def get_plans(self, offering):
        return PlanSerializer(
            [plan for plan in offering.plans.all() if not plan.archived], many=True, context={"offering": offering}
        ).data
