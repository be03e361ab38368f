"""Every address of the product, one list per app."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, re_path

from config.kernel.api.problems import unknown_address
from config.kernel.sign_in import AdminSignInForm, SignInForm
from config.pages import bulk, imports, views
from config.pages.dashboard import views as dashboards
from config.pages.operations.metrics import metrics
from config.pages.operations.views import operations
from config.pages.settings import (
    api_keys,
    company,
    exchange,
    feeds,
    inbound,
    platforms,
    portal,
    provider,
    purchases,
    rates,
    reminders,
    restoration,
    safekeeping,
    webhook_deliveries,
    webhooks,
    write_offs,
)

admin.site.login_form = AdminSignInForm

urlpatterns = [
    path("", views.home, name="home"),
    path("dashboard/", dashboards.dashboard, name="dashboard"),
    path("dashboard/ahead/", dashboards.dashboard_ahead, name="dashboard-ahead"),
    path("dashboard/lines/", dashboards.dashboard_lines, name="dashboard-lines"),
    path("search", views.search, name="search"),
    path("figure/", views.figure, name="figure"),
    path("bulk/", bulk.bulk_list, name="bulk-list"),
    path("bulk/new/", bulk.bulk_new, name="bulk-new"),
    path("bulk/<int:pk>/", bulk.bulk_run, name="bulk-run"),
    path("bulk/<int:pk>/stop/", bulk.bulk_stop, name="bulk-stop"),
    path("imports/", imports.import_list, name="import-list"),
    path("imports/<int:pk>/", imports.import_detail, name="import-detail"),
    path("company/", views.switch_company, name="company-switch"),
    path("settings/", company.company_settings, name="company-settings"),
    path("settings/platform/", platforms.platform_list, name="platform-settings"),
    path("settings/platform/<slug:slug>/", platforms.platform_edit, name="platform-edit"),
    path("settings/platform/<slug:kind>/test/", platforms.platform_test, name="platform-test"),
    path("settings/bank/", company.bank_settings, name="bank-settings"),
    path("settings/safekeeping/", safekeeping.safekeeping, name="safekeeping"),
    path("settings/restoration/", restoration.restoration, name="restoration"),
    path("settings/rates/", rates.rate_settings, name="rate-settings"),
    path("settings/exchange/", exchange.exchange_settings, name="exchange-settings"),
    path("settings/exchange/import/", exchange.exchange_import, name="exchange-import"),
    path("settings/reminders/", reminders.reminder_settings, name="reminder-settings"),
    path("settings/reminders/<int:level>/<slug:language>/", reminders.reminder_text, name="reminder-text"),
    path("settings/write-offs/", write_offs.write_off_settings, name="write-off-settings"),
    path("settings/purchases/", purchases.purchase_settings, name="purchase-settings"),
    path("settings/purchases/rules/new/", purchases.approval_rule_new, name="approval-rule-new"),
    path("settings/purchases/rules/<int:pk>/", purchases.approval_rule_edit, name="approval-rule-edit"),
    path("settings/purchases/rules/<int:pk>/end/", purchases.approval_rule_end, name="approval-rule-end"),
    path("settings/purchases/delegations/new/", purchases.delegation_new, name="delegation-new"),
    path("settings/purchases/delegations/<int:pk>/end/", purchases.delegation_end, name="delegation-end"),
    path("settings/customer-pages/", portal.portal_settings, name="portal-settings"),
    path("settings/customer-pages/card/", provider.provider_settings, name="provider-settings"),
    path("settings/bank/<int:pk>/", company.bank_account_edit, name="bank-account-edit"),
    path("settings/bank/feeds/", feeds.feed_list, name="feed-settings"),
    path("settings/bank/feeds/revolut/authorise/", feeds.revolut_authorise, name="revolut-authorise"),
    path("settings/bank/feeds/revolut/consent/", feeds.revolut_consent, name="revolut-consent"),
    path("settings/bank/feeds/<slug:slug>/", feeds.feed_edit, name="feed-edit"),
    path("settings/bank/feeds/<slug:slug>/read/", feeds.feed_read, name="feed-read"),
    path("settings/bank/feeds/<slug:slug>/switch/", feeds.feed_switch, name="feed-switch"),
    path("settings/bank/feeds/<slug:slug>/disconnect/", feeds.feed_disconnect, name="feed-disconnect"),
    path("settings/webhooks/", webhooks.webhook_list, name="webhook-settings"),
    path("settings/webhooks/new/", webhooks.webhook_new, name="webhook-new"),
    path("settings/webhooks/<int:pk>/", webhooks.webhook_detail, name="webhook-detail"),
    path("settings/webhooks/<int:pk>/edit/", webhooks.webhook_edit, name="webhook-edit"),
    path("settings/webhooks/<int:pk>/secret/", webhooks.webhook_rotate, name="webhook-rotate"),
    path("settings/webhooks/<int:pk>/test/", webhooks.webhook_test, name="webhook-test"),
    path("settings/webhooks/<int:pk>/enable/", webhooks.webhook_enable, name="webhook-enable"),
    path("settings/webhooks/<int:pk>/disable/", webhooks.webhook_disable, name="webhook-disable"),
    path("settings/webhooks/<int:pk>/delete/", webhooks.webhook_delete, name="webhook-delete"),
    path("settings/webhooks/deliveries/<int:pk>/", webhook_deliveries.webhook_delivery, name="webhook-delivery"),
    path("settings/webhooks/deliveries/<int:pk>/replay/", webhook_deliveries.webhook_replay, name="webhook-replay"),
    path("settings/received/", inbound.inbound_list, name="inbound-settings"),
    path("settings/received/new/", inbound.inbound_new, name="inbound-new"),
    path("settings/received/from/<int:pk>/", inbound.inbound_source, name="inbound-source"),
    path("settings/received/from/<int:pk>/switch/", inbound.inbound_switch, name="inbound-switch"),
    path("settings/received/<int:pk>/", inbound.inbound_message, name="inbound-message"),
    path("settings/received/<int:pk>/replay/", inbound.inbound_replay, name="inbound-replay"),
    path("settings/api/", api_keys.key_list, name="api-keys"),
    path("settings/api/new/", api_keys.key_new, name="api-key-new"),
    path("settings/api/<int:pk>/revoke/", api_keys.key_revoke, name="api-key-revoke"),
    path("settings/operations/", operations, name="operations"),
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

handler500 = "config.pages.views.server_error"
