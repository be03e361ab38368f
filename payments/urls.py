"""The addresses of payments."""

from django.urls import path

from payments.collection_urls import urlpatterns as collecting
from payments.dunning.views import forecast, holds, lists, notices, practice, run
from payments.outgoing.urls import urlpatterns as money_back
from payments.views import accounts, bank, payments, rules, uploads, worktable

app_name = "payments"
urlpatterns = [
    path("bank/", bank.bankline_list, name="bankline-list"),
    path("bank/reconcile/", bank.bank_reconcile, name="bank-reconcile"),
    path("bank/rules/", rules.rule_list, name="rule-list"),
    path("bank/rules/new/", rules.rule_new, name="rule-new"),
    path("bank/rules/<int:pk>/", rules.rule_edit, name="rule-edit"),
    path("bank/rules/<int:pk>/raise/", rules.rule_raise, name="rule-raise"),
    path("bank/rules/<int:pk>/archive/", rules.rule_archive, name="rule-archive"),
    path("bank/worktable/", worktable.worktable, name="worktable"),
    path("bank/worktable/undo/<int:pk>/", worktable.worktable_undo, name="worktable-undo"),
    path("bank/worktable/<int:pk>/", worktable.worktable, name="worktable-line"),
    path("bank/statements/", bank.statement_list, name="statement-list"),
    path("bank/accounts/<int:pk>/reconciliation/", accounts.account_reconciliation, name="account-reconciliation"),
    path("bank/accounts/<int:pk>/opening/", accounts.account_opening, name="account-opening"),
    path("bank/uploads/<int:pk>/", uploads.upload_batch, name="upload-batch"),
    path("bank/uploads/<int:pk>/account/", uploads.upload_account, name="upload-account"),
    path("bank/uploads/<int:pk>/new-account/", uploads.upload_new_account, name="upload-new-account"),
    path("bank/uploads/<int:pk>/columns/", uploads.upload_columns, name="upload-columns"),
    path("bank/<int:pk>/", bank.bankline_detail, name="bankline-detail"),
    path("bank/<int:pk>/ignore/", bank.bankline_ignore, name="bankline-ignore"),
    path("bank/<int:pk>/reopen/", bank.bankline_reopen, name="bankline-reopen"),
    path("bank/matches/<int:pk>/undo/", bank.match_undo, name="match-undo"),
    path("payments/", payments.payment_list, name="payment-list"),
    path("payments/new/", payments.payment_new, name="payment-new"),
    path("payments/<int:pk>/", payments.payment_detail, name="payment-detail"),
    path("payments/<int:pk>/allocate/", payments.payment_allocate, name="payment-allocate"),
    path("payments/<int:pk>/edit/", payments.payment_edit, name="payment-edit"),
    path("payments/<int:pk>/reverse/", payments.payment_reverse, name="payment-reverse"),
    path("reminders/", lists.reminder_list, name="reminder-list"),
    path("reminders/held/", lists.reminder_list, {"shown": "held"}, name="reminder-held"),
    path("reminders/promises/", lists.reminder_list, {"shown": "promises"}, name="reminder-promises"),
    path("reminders/letters/", lists.reminder_list, {"shown": "letters"}, name="reminder-letters"),
    path("reminders/history/", lists.reminder_list, {"shown": "history"}, name="reminder-history"),
    path("reminders/forecast/", forecast.reminder_forecast, name="reminder-forecast"),
    path("reminders/send/", run.reminder_send_due, name="reminder-send-due"),
    path("reminders/of/<int:pk>/", run.reminder_preview, name="reminder-preview"),
    path("reminders/of/<int:pk>/interest/", holds.interest_page, name="late-interest"),
    path("reminders/of/<int:pk>/hold/<slug:kind>/", holds.hold_new, name="hold-new"),
    path("reminders/holds/<int:pk>/end/", holds.hold_end, name="hold-end"),
    path("reminders/<int:pk>/", notices.reminder_letter_page, name="reminder-letter"),
    path("reminders/<int:pk>/notice/", notices.reminder_notice, name="reminder-notice"),
    path("reminders/<int:pk>/posted/", notices.reminder_post, name="reminder-post"),
    path("reminders/<int:pk>/cancel/", notices.reminder_cancel, name="reminder-cancel"),
    path("reminders/customers/<int:pk>/", practice.customer_reminders, name="customer-reminders"),
    path("reminders/customers/<int:pk>/address/", holds.address_cleared, name="address-cleared"),
    path("reminders/customers/<int:pk>/statement/", holds.customer_statement, name="customer-statement"),
    path(
        "reminders/customers/<int:pk>/texts/<int:level>/<slug:language>/",
        practice.customer_text,
        name="customer-reminder-text",
    ),
    *collecting,
    *money_back,
]
