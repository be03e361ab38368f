"""Every address of the product, one list per app."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from config import company_settings, platform_settings, views
from config.metrics import metrics

urlpatterns = [
    path("", views.home, name="home"),
    path("search", views.search, name="search"),
    path("company/", views.switch_company, name="company-switch"),
    path("settings/", company_settings.company_settings, name="company-settings"),
    path("settings/platform/", platform_settings.platform_list, name="platform-settings"),
    path("settings/platform/<slug:slug>/", platform_settings.platform_edit, name="platform-edit"),
    path("settings/platform/<slug:kind>/test/", platform_settings.platform_test, name="platform-test"),
    path("settings/bank/", company_settings.bank_settings, name="bank-settings"),
    path("language/", views.set_language, name="language"),
    path("health/", views.health, name="health"),
    path("metrics", metrics, name="metrics"),
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("customers/", include("customers.urls")),
    path("", include("billing.urls")),
    path("", include("payments.urls")),
    path("", include("einvoicing.urls")),
    path("api/", include("config.api.urls")),
    path("admin/", admin.site.urls),
]

handler500 = "config.views.server_error"
