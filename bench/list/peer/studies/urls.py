from django.urls import path

from .views import StudyList

urlpatterns = [path("api/v1/studies/", StudyList.as_view())]
