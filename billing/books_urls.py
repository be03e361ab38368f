"""The addresses of the accountant’s rooms, under /books/."""

from django.urls import path

from billing.views.books import reports

urlpatterns = [
    # reports
    path("", reports.books_home, name="books-home"),
    path("reports/<slug:slug>/", reports.report_page, name="report"),
]
