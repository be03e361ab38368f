"""The addresses of customers' pages. A number stands in them as it is printed: nothing in them is a key of ours."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from payments.portal import card, views


class FileKind(StringConverter):
    regex = "pdf|xml"


register_converter(FileKind, "portal_file")

urlpatterns = [
    path("<str:token>/", views.portal, name="portal"),
    path("<str:token>/<str:number>/", views.portal_invoice, name="portal-invoice"),
    path("<str:token>/<str:number>/paid/", views.portal_paid, name="portal-paid"),
    path("<str:token>/<str:number>/dispute/", views.portal_dispute, name="portal-dispute"),
    path("<str:token>/<str:number>/card/", card.portal_card, name="portal-card"),
    path("<str:token>/<str:number>/card/<str:reference>/", card.portal_card_back, name="portal-card-back"),
    path("<str:token>/<str:number>/<portal_file:kind>/", views.portal_file, name="portal-file"),
]
