from django.conf import settings
from django.utils import timezone
from rest_framework import serializers

from .models import Faculty, Organisation, Permission, Person, Study, StudyField


class UniversitySerializer(serializers.ModelSerializer):
    class Meta:
        model = Organisation
        fields = ["id", "name", "ror"]


class FacultySerializer(serializers.ModelSerializer):
    university = UniversitySerializer(source="organisation")

    class Meta:
        model = Faculty
        fields = ["id", "name", "university"]


class StudyFieldSerializer(serializers.ModelSerializer):
    faculty = FacultySerializer()

    class Meta:
        model = StudyField
        fields = ["id", "name", "faculty"]


class ResearcherSerializer(serializers.ModelSerializer):
    email_address = serializers.CharField(source="email")
    university = UniversitySerializer(source="organisation")
    faculty = FacultySerializer()

    class Meta:
        model = Person
        fields = [
            "id",
            "first_name",
            "last_name",
            "email_address",
            "university",
            "faculty",
            "orcid",
            "created_at",
            "updated_at",
        ]


class ContributorSerializer(serializers.ModelSerializer):
    role = serializers.SerializerMethodField()
    active = serializers.SerializerMethodField()
    researcher = ResearcherSerializer(source="person")

    class Meta:
        model = Permission
        fields = ["id", "role", "active", "researcher"]

    def get_role(self, permission):
        return permission.role.upper()

    def get_active(self, permission):
        return is_live(permission)


class StudySerializer(serializers.ModelSerializer):
    field = StudyFieldSerializer()
    owner = ResearcherSerializer()
    contributors = ContributorSerializer(many=True, source="roles")
    project_uuid = serializers.SerializerMethodField()
    web_upload_url = serializers.SerializerMethodField()
    api_upload_url = serializers.SerializerMethodField()
    has_storage = serializers.BooleanField()
    total_files = serializers.IntegerField()
    total_file_size = serializers.IntegerField()
    total_invitations = serializers.IntegerField()
    role = serializers.SerializerMethodField()

    class Meta:
        model = Study
        fields = [
            "id",
            "code",
            "name",
            "description",
            "human_subject",
            "field",
            "owner",
            "contributors",
            "created_at",
            "updated_at",
            "project_uuid",
            "upload_uuid",
            "upload_code",
            "web_upload_url",
            "api_upload_url",
            "has_storage",
            "total_files",
            "total_file_size",
            "total_invitations",
            "is_open",
            "recipients",
            "role",
        ]

    def get_project_uuid(self, study):
        return study.uuid.hex

    def get_web_upload_url(self, study):
        return f"{settings.PUBLIC_URL}/dropoffs/{study.upload_uuid}/"

    def get_api_upload_url(self, study):
        return f"{settings.PUBLIC_URL}/files/{study.upload_uuid}/"

    def get_role(self, study):
        user = self.context["request"].user
        if user.is_superuser or study.owner_id == user.id:
            return "ADMINISTRATOR"
        own = (role for role in study.roles if role.person_id == user.id and is_live(role))
        return next(own).role.upper()

    def to_representation(self, study):
        shown = super().to_representation(study)
        if shown["role"] != "ADMINISTRATOR":
            del shown["upload_code"]
        return shown


def is_live(permission):
    return permission.active and (permission.expires_at is None or permission.expires_at > timezone.now())
