from django.db.models import BigIntegerField, Count, Exists, IntegerField, OuterRef, Prefetch, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.generics import ListAPIView, RetrieveAPIView

from .models import Drop, Faculty, Invitation, Location, Organisation, Permission, Person, Study, StudyField
from .pages import Pages
from .serializers import (
    ContributorSerializer,
    FacultySerializer,
    ResearcherSerializer,
    StudyFieldSerializer,
    StudySerializer,
    UniversitySerializer,
)


class DressedPages(Pages):
    def paginate_queryset(self, queryset, request, view=None):
        """Counts and cuts bare ids, and dresses only the page: else PostgreSQL dresses every visible study (110 ms)."""
        ids = super().paginate_queryset(queryset.values_list("id", flat=True), request, view)
        return list(dressed(Study.objects.filter(id__in=ids)))


class StudyList(ListAPIView):
    serializer_class = StudySerializer
    pagination_class = DressedPages

    def get_queryset(self):
        return visible(self.request.user).order_by("-id")


class StudyDetail(RetrieveAPIView):
    serializer_class = StudySerializer

    def get_queryset(self):
        return dressed(one_visible(self.request.user))


class Contributors(ListAPIView):
    serializer_class = ContributorSerializer

    def get_queryset(self):
        study = get_object_or_404(one_visible(self.request.user).values_list("id", flat=True), pk=self.kwargs["pk"])
        return roles().filter(study=study)


class Researchers(ListAPIView):
    serializer_class = ResearcherSerializer

    def get_queryset(self):
        colleagues = Person.objects.filter(faculty=self.request.user.faculty_id, is_active=True)
        return colleagues.select_related("organisation", "faculty__organisation").order_by("last_name", "first_name", "id")


class Universities(ListAPIView):
    serializer_class = UniversitySerializer
    queryset = Organisation.objects.order_by("name", "id")


class Faculties(ListAPIView):
    serializer_class = FacultySerializer

    def get_queryset(self):
        university = get_object_or_404(Organisation, pk=self.kwargs["university"])
        return Faculty.objects.filter(organisation=university).select_related("organisation").order_by("name", "id")


def fields_of(faculty):
    return StudyField.objects.filter(faculty=faculty).select_related("faculty__organisation").order_by("name", "id")


class StudyFields(ListAPIView):
    serializer_class = StudyFieldSerializer

    def get_queryset(self):
        faculty = Faculty.objects.filter(organisation=self.kwargs["university"]).values_list("id", flat=True)
        return fields_of(get_object_or_404(faculty, pk=self.kwargs["faculty"]))


class OwnFields(ListAPIView):
    serializer_class = StudyFieldSerializer
    pagination_class = None

    def get_queryset(self):
        return fields_of(self.request.user.faculty_id)


def visible(user):
    """The ids are asked for first: the two conditions in one query would read all studies, twice per page."""
    if user.is_superuser:
        return Study.objects.all()
    contributed = live_roles(user).values_list("study_id", flat=True)
    owned = Study.objects.filter(owner=user).values_list("id", flat=True)
    return Study.objects.filter(id__in={*contributed, *owned})


def one_visible(user):
    """For one study by its id: what the user may see is asked of that one alone."""
    if user.is_superuser:
        return Study.objects.all()
    return Study.objects.filter(Q(owner=user) | Exists(live_roles(user).filter(study=OuterRef("pk"))))


def live_roles(user):
    live = Q(active=True) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
    return Permission.objects.filter(live, person=user, object_kind="study")


def roles():
    people = Permission.objects.filter(object_kind="study")
    return people.select_related("person__organisation", "person__faculty__organisation").order_by("id")


def dressed(studies):
    drops = of_study(Drop, files=Count("*"), total=Sum("size_bytes"))
    invitations = of_study(Invitation, n=Count("*"))
    return (
        studies.select_related("field__faculty__organisation", "owner__organisation", "owner__faculty__organisation")
        .prefetch_related(Prefetch("permissions", roles(), to_attr="roles"))
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
