from django.db.models import BigIntegerField, Count, Exists, IntegerField, OuterRef, Prefetch, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from rest_framework.generics import ListAPIView
from rest_framework.pagination import PageNumberPagination

from .models import Drop, Invitation, Location, Permission, Study
from .serializers import StudySerializer


class Pages(PageNumberPagination):
    page_size = 10
    page_size_query_param = "page_size"
    max_page_size = 1000

    def paginate_queryset(self, queryset, request, view=None):
        """Counts and cuts bare ids, and dresses only the page: else PostgreSQL dresses every visible study (110 ms)."""
        return list(dressed(super().paginate_queryset(queryset.values_list("id", flat=True), request, view)))


class StudyList(ListAPIView):
    serializer_class = StudySerializer
    pagination_class = Pages

    def get_queryset(self):
        return visible(self.request.user).order_by("-id")


def visible(user):
    """The ids are asked for first: the two conditions in one query would read all studies, twice per page."""
    if user.is_superuser:
        return Study.objects.all()
    live = Q(active=True) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
    contributed = Permission.objects.filter(live, person=user, object_kind="study").values_list("study_id", flat=True)
    owned = Study.objects.filter(owner=user).values_list("id", flat=True)
    return Study.objects.filter(id__in={*contributed, *owned})


def dressed(ids):
    roles = (
        Permission.objects.filter(object_kind="study")
        .select_related("person__organisation", "person__faculty__organisation")
        .order_by("id")
    )
    drops = of_study(Drop, files=Count("*"), total=Sum("size_bytes"))
    invitations = of_study(Invitation, n=Count("*"))
    return (
        Study.objects.filter(id__in=ids)
        .select_related("field__faculty__organisation", "owner__organisation", "owner__faculty__organisation")
        .prefetch_related(Prefetch("permissions", roles, to_attr="roles"))
        .annotate(
            has_storage=Exists(Location.objects.filter(study=OuterRef("pk"), direction="DESTINATION")),
            total_files=Coalesce(Subquery(drops.values("files"), IntegerField()), 0),
            total_file_size=Coalesce(Subquery(drops.values("total"), BigIntegerField()), 0),
            total_invitations=Coalesce(Subquery(invitations.values("n"), IntegerField()), 0),
        )
        .order_by("-id")
    )


def of_study(model, **numbers):
    """Aggregates over one study's rows, as a subquery: joins would multiply one count by another."""
    return model.objects.filter(study=OuterRef("pk")).order_by().values("study").annotate(**numbers)
