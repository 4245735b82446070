from django.urls import include, path

from .views import Contributors, Faculties, OwnFields, Researchers, StudyDetail, StudyFields, StudyList, Universities

urlpatterns = [
    path("api/v1/studies/", StudyList.as_view()),
    path("api/v1/studies/fields/", OwnFields.as_view()),
    path("api/v1/studies/<int:pk>/", StudyDetail.as_view()),
    path("api/v1/studies/<int:pk>/contributors/", Contributors.as_view()),
    path("api/v1/researchers/", Researchers.as_view()),
    path("api/v1/universities/", Universities.as_view()),
    path("api/v1/universities/<int:university>/faculties/", Faculties.as_view()),
    path("api/v1/universities/<int:university>/faculties/<int:faculty>/study_fields/", StudyFields.as_view()),
    path("api/auth/", include("djoser.urls")),
]
