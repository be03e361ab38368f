"""Every address of the product, one list per app."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, re_path

from config import (
    api_keys,
    company_settings,
    feed_settings,
    inbound_pages,
    platform_settings,
    rate_settings,
    views,
    webhook_pages,
)
from config.kernel.api.problems import unknown_address
from config.kernel.sign_in import AdminSignInForm, SignInForm
from config.metrics import metrics

admin.site.login_form = AdminSignInForm

urlpatterns = [
    path("", views.home, name="home"),
    path("search", views.search, name="search"),
    path("figure/", views.figure, name="figure"),
    path("company/", views.switch_company, name="company-switch"),
    path("settings/", company_settings.company_settings, name="company-settings"),
    path("settings/platform/", platform_settings.platform_list, name="platform-settings"),
    path("settings/platform/<slug:slug>/", platform_settings.platform_edit, name="platform-edit"),
    path("settings/platform/<slug:kind>/test/", platform_settings.platform_test, name="platform-test"),
    path("settings/bank/", company_settings.bank_settings, name="bank-settings"),
    path("settings/rates/", rate_settings.rate_settings, name="rate-settings"),
    path("settings/bank/<int:pk>/", company_settings.bank_account_edit, name="bank-account-edit"),
    path("settings/bank/feeds/", feed_settings.feed_list, name="feed-settings"),
    path("settings/bank/feeds/revolut/authorise/", feed_settings.revolut_authorise, name="revolut-authorise"),
    path("settings/bank/feeds/revolut/consent/", feed_settings.revolut_consent, name="revolut-consent"),
    path("settings/bank/feeds/<slug:slug>/", feed_settings.feed_edit, name="feed-edit"),
    path("settings/bank/feeds/<slug:slug>/read/", feed_settings.feed_read, name="feed-read"),
    path("settings/bank/feeds/<slug:slug>/switch/", feed_settings.feed_switch, name="feed-switch"),
    path("settings/bank/feeds/<slug:slug>/disconnect/", feed_settings.feed_disconnect, name="feed-disconnect"),
    path("settings/webhooks/", webhook_pages.webhook_list, name="webhook-settings"),
    path("settings/webhooks/new/", webhook_pages.webhook_new, name="webhook-new"),
    path("settings/webhooks/<int:pk>/", webhook_pages.webhook_detail, name="webhook-detail"),
    path("settings/webhooks/<int:pk>/edit/", webhook_pages.webhook_edit, name="webhook-edit"),
    path("settings/webhooks/<int:pk>/secret/", webhook_pages.webhook_rotate, name="webhook-rotate"),
    path("settings/webhooks/<int:pk>/test/", webhook_pages.webhook_test, name="webhook-test"),
    path("settings/webhooks/<int:pk>/enable/", webhook_pages.webhook_enable, name="webhook-enable"),
    path("settings/webhooks/<int:pk>/disable/", webhook_pages.webhook_disable, name="webhook-disable"),
    path("settings/webhooks/<int:pk>/delete/", webhook_pages.webhook_delete, name="webhook-delete"),
    path("settings/webhooks/deliveries/<int:pk>/", webhook_pages.webhook_delivery, name="webhook-delivery"),
    path("settings/webhooks/deliveries/<int:pk>/replay/", webhook_pages.webhook_replay, name="webhook-replay"),
    path("settings/received/", inbound_pages.inbound_list, name="inbound-settings"),
    path("settings/received/new/", inbound_pages.inbound_new, name="inbound-new"),
    path("settings/received/from/<int:pk>/", inbound_pages.inbound_source, name="inbound-source"),
    path("settings/received/from/<int:pk>/switch/", inbound_pages.inbound_switch, name="inbound-switch"),
    path("settings/received/<int:pk>/", inbound_pages.inbound_message, name="inbound-message"),
    path("settings/received/<int:pk>/replay/", inbound_pages.inbound_replay, name="inbound-replay"),
    path("settings/api/", api_keys.key_list, name="api-keys"),
    path("settings/api/new/", api_keys.key_new, name="api-key-new"),
    path("settings/api/<int:pk>/revoke/", api_keys.key_revoke, name="api-key-revoke"),
    path("language/", views.set_language, name="language"),
    path("metrics", metrics, name="metrics"),
    path(
        "login/", auth.LoginView.as_view(redirect_authenticated_user=True, authentication_form=SignInForm), name="login"
    ),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("customers/", include("customers.urls")),
    path("", include("billing.urls")),
    path("", include("payments.urls")),
    path("", include("einvoicing.urls")),
    path("api", unknown_address),
    path("api/", include("config.api.urls")),
    path("integrations/chorus-pro/", include("einvoicing.api.integration_urls")),
    re_path(r"^integrations(/[\s\S]*)?$", unknown_address),
    path("admin/", admin.site.urls),
]

handler500 = "config.views.server_error"
