import json

import django_filters
from django.db.models import Count, F, IntegerField, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from .models import Component, Offering, Part, Plan, Project, Resource, Role
from .serializers import STATES, OfferingSerializer

ROLES = {
    "study": {"member": "PROJECT.MEMBER", "researcher": "PROJECT.ADMIN", "administrator": "PROJECT.MANAGER"},
    "organisation": {"support": "CUSTOMER.SUPPORT", "manager": "CUSTOMER.MANAGER", "owner": "CUSTOMER.OWNER"},
    "offering": {"manager": "OFFERING.MANAGER"},
}


class Pages(PageNumberPagination):
    page_size = 10
    page_size_query_param = "page_size"
    max_page_size = 300

    def get_paginated_response(self, data):
        paginator, number = self.page.paginator, self.page.number
        links = {"first": 1, "prev": number - 1, "next": number + 1, "last": paginator.num_pages}
        shown = ((rel, page) for rel, page in links.items() if 1 <= page <= paginator.num_pages)
        url = self.request.build_absolute_uri()
        link = ", ".join(f'<{url}{"&" if "?" in url else "?"}page={page}>; rel="{rel}"' for rel, page in shown)
        return Response(data, headers={"X-Result-Count": paginator.count, "Link": link})


class Words(django_filters.BaseInFilter, django_filters.CharFilter):
    pass


class OfferingFilter(django_filters.FilterSet):
    name = django_filters.CharFilter(lookup_expr="icontains")
    keyword = django_filters.CharFilter(method="with_keyword")
    category_uuid = django_filters.UUIDFilter(field_name="category__uuid")
    customer_uuid = django_filters.UUIDFilter(field_name="organisation__uuid")
    state = django_filters.MultipleChoiceFilter(
        choices=[(word, word) for word in STATES.values()], method="in_states"
    )
    type = Words(field_name="type")
    shared = django_filters.BooleanFilter()
    billable = django_filters.BooleanFilter()
    attributes = django_filters.CharFilter(method="with_attributes")
    o = django_filters.OrderingFilter(fields=(("name", "name"), ("created_at", "created"), ("type", "type")))

    class Meta:
        model = Offering
        fields = []

    def with_keyword(self, offerings, name, value):
        contains = Q(name__icontains=value) | Q(description__icontains=value) | Q(organisation__name__icontains=value)
        return offerings.filter(contains)

    def in_states(self, offerings, name, value):
        return offerings.filter(state__in=[word.lower() for word in value]) if value else offerings

    def with_attributes(self, offerings, name, value):
        for key, wanted in json.loads(value).items():
            offerings = offerings.filter(Q(attributes__contains={key: wanted}) | Q(attributes__contains={key: [wanted]}))
        return offerings


class OfferingList(ListAPIView):
    serializer_class = OfferingSerializer
    pagination_class = Pages
    filter_backends = [django_filters.rest_framework.DjangoFilterBackend]
    filterset_class = OfferingFilter

    def get_queryset(self):
        return dressed(visible(self.request.user).order_by("name", "id"), self.request)


class OfferingDetail(RetrieveAPIView):
    serializer_class = OfferingSerializer
    lookup_field = "uuid"

    def get_queryset(self):
        return dressed(visible(self.request.user), self.request)


def visible(user):
    """What a person is, is asked once: two small queries, and the list is filtered by plain ids."""
    live = Q(active=True) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
    held = list(Role.objects.filter(live, person_id=user.id, path="").values_list("object_kind", "object_id", "role"))
    organisations = {number for kind, number, _ in held if kind == "organisation"}
    studies = {number for kind, number, _ in held if kind == "study"}
    studies |= set(Project.objects.filter(Q(owner_id=user.id) | Q(organisation_id__in=organisations)).values_list("id", flat=True))
    names = [ROLES[kind][role] for kind, _, role in held if role in ROLES.get(kind, {})]
    only = "plugin_options__restricted_to_roles"
    return Offering.objects.filter(
        Q(shared=True) | Q(organisation__in=organisations) | Q(study__in=studies),
        Q(**{f"{only}__isnull": True})
        | Q(**{only: []})
        | Q(**{f"{only}__has_any_keys": names})
        | Q(organisation__in=organisations),
        state__in=["active", "paused"],
    )


def dressed(offerings, request):
    """Only the tables that the answer shows."""
    asked = request.query_params.getlist("field")
    shows = (lambda *names: not asked or any(name in asked for name in names))  # noqa: E731
    joined = [
        table
        for table, names in {
            "organisation": ["customer", "customer_uuid", "customer_name"],
            "study": ["project", "project_uuid", "project_name"],
            "category": ["category", "category_uuid", "category_title"],
        }.items()
        if shows(*names)
    ]
    if joined:
        offerings = offerings.select_related(*joined)
    if shows("components", "plans"):
        offerings = offerings.prefetch_related(Prefetch("components", Component.objects.order_by("id")))
    if shows("plans"):
        live = Resource.objects.filter(plan=OuterRef("pk")).exclude(state="terminated").order_by()
        count = Coalesce(Subquery(live.values("plan").annotate(n=Count("*")).values("n"), IntegerField()), 0)
        plans = Plan.objects.annotate(resources_count=count).order_by("id")
        parts = Prefetch("parts", Part.objects.order_by(F("component_id")))
        offerings = offerings.prefetch_related(Prefetch("plans", plans.prefetch_related(parts)))
    return offerings
