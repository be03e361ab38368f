"""The addresses of customers."""

from django.urls import path

from customers.views import contacts, customers, erasing, merging

app_name = "customers"
urlpatterns = [
    path("", customers.customer_list, name="customer-list"),
    path("new/", customers.customer_new, name="customer-new"),
    path("options/", customers.customer_options, name="customer-options"),
    path("<int:pk>/", customers.customer_detail, name="customer-detail"),
    path("<int:pk>/edit/", customers.customer_edit, name="customer-edit"),
    path("<int:pk>/merge/", merging.customer_merge, name="customer-merge"),
    path("<int:pk>/personal-data/", erasing.customer_personal_data, name="customer-personal-data"),
    path("<int:pk>/archive/", customers.customer_archive, name="customer-archive"),
    path("<int:pk>/restore/", customers.customer_restore, name="customer-restore"),
    path("<int:pk>/contacts/new/", contacts.contact_new, name="contact-new"),
    path("contacts/<int:pk>/edit/", contacts.contact_edit, name="contact-edit"),
    path("contacts/<int:pk>/personal-data/", erasing.contact_personal_data, name="contact-personal-data"),
    path("contacts/<int:pk>/delete/", contacts.contact_delete, name="contact-delete"),
]
