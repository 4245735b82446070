from django.urls import path

from .views import OfferingDetail, OfferingList

urlpatterns = [
    path("api/marketplace-public-offerings/", OfferingList.as_view()),
    path("api/marketplace-public-offerings/<uuid:uuid>/", OfferingDetail.as_view()),
]
