"""The API's addresses of this app; names live under `api:`."""

from __future__ import annotations

from django.urls import URLPattern, path

from billing.api.reports import ReportItem
from payments.api import allocations, bank, payments, reports, statistics, transactions, using_credit
from payments.debits import api as debits
from payments.debits import api_acts as debit_acts
from payments.dunning import api as reminders
from payments.outgoing import api as outgoing
from payments.outgoing.suppliers import api as suppliers

urlpatterns: list[URLPattern] = [
    path("payments", payments.PaymentList.as_view(), name="payments"),
    path("payments/stats", statistics.PaymentStats.as_view(), name="payment-stats"),
    path("payments/<int:id>", payments.PaymentItem.as_view(), name="payment"),
    path("payments/<int:id>/allocations", allocations.AllocationList.as_view(), name="payment-allocations"),
    path(
        "payments/<int:id>/allocations/<int:invoice_id>",
        allocations.AllocationItem.as_view(),
        name="payment-allocation",
    ),
    path("payments/<int:id>/reversal", allocations.Reversal.as_view(), name="payment-reversal"),
    path("invoices/<int:id>/mark-paid", payments.MarkPaid.as_view(), name="invoice-mark-paid"),
    path("invoices/<int:id>/use-credit", using_credit.InvoiceCredit.as_view(), name="invoice-use-credit"),
    path("invoices/<int:id>/reminder", reminders.InvoiceReminder.as_view(), name="invoice-reminder"),
    path("reminders", reminders.ReminderList.as_view(), name="reminders"),
    path("reminders/<int:id>", reminders.ReminderItem.as_view(), name="reminder"),
    path("reminders/<int:id>/send", reminders.ReminderSend.as_view(), name="reminder-send"),
    path("reminders/<int:id>/cancel", reminders.ReminderCancel.as_view(), name="reminder-cancel"),
    path("bank-accounts", bank.BankAccountList.as_view(), name="bank-accounts"),
    path("bank-accounts/<int:id>", bank.BankAccountItem.as_view(), name="bank-account"),
    path("bank-accounts/<int:id>/statements", bank.AccountStatements.as_view(), name="bank-account-statements"),
    path("statements", bank.StatementList.as_view(), name="statements"),
    path("transactions", transactions.TransactionList.as_view(), name="transactions"),
    path("transactions/<int:id>", transactions.TransactionItem.as_view(), name="transaction"),
    path("transactions/<int:id>/match", transactions.TransactionMatch.as_view(), name="transaction-match"),
    path("transactions/<int:id>/ignore", transactions.TransactionIgnore.as_view(), name="transaction-ignore"),
    path("transactions/<int:id>/reopen", transactions.TransactionReopen.as_view(), name="transaction-reopen"),
    path("matches/<int:id>/undo", transactions.MatchUndo.as_view(), name="match-undo"),
    path("customers/<int:id>/refunds", outgoing.CustomerRefunds.as_view(), name="customer-refunds"),
    path("mandates", debits.MandateList.as_view(), name="mandates"),
    path("mandates/<int:id>", debits.MandateItem.as_view(), name="mandate"),
    path("mandates/<int:id>/sign", debit_acts.MandateSign.as_view(), name="mandate-sign"),
    path("mandates/<int:id>/revoke", debit_acts.MandateRevoke.as_view(), name="mandate-revoke"),
    path("customers/<int:id>/mandates", debits.CustomerMandates.as_view(), name="customer-mandates"),
    path("direct-debits", debits.DebitList.as_view(), name="direct-debits"),
    path("direct-debits/<int:id>/cancel", debit_acts.DebitCancel.as_view(), name="direct-debit-cancel"),
    path("direct-debits/<int:id>/return", debit_acts.DebitReturn.as_view(), name="direct-debit-return"),
    path("invoices/<int:id>/direct-debits", debits.InvoiceDebits.as_view(), name="invoice-direct-debits"),
    path("debit-orders", debits.OrderList.as_view(), name="debit-orders"),
    path("debit-orders/<int:id>", debits.OrderItem.as_view(), name="debit-order"),
    path("debit-orders/<int:id>/cancel", debit_acts.OrderCancel.as_view(), name="debit-order-cancel"),
    path("debit-orders/<int:id>/file", debits.OrderFile.as_view(), name="debit-order-file"),
    path("payment-runs", suppliers.PaymentRunList.as_view(), name="payment-runs"),
    path("payment-runs/<int:id>", suppliers.PaymentRunItem.as_view(), name="payment-run"),
    path("supplier-payments", suppliers.SupplierPaymentList.as_view(), name="supplier-payments"),
    path("supplier-payments/<int:id>", suppliers.SupplierPaymentItem.as_view(), name="supplier-payment"),
    path(
        "supplier-payments/<int:id>/cancel", suppliers.SupplierPaymentCancel.as_view(), name="supplier-payment-cancel"
    ),
    path("refunds", outgoing.RefundList.as_view(), name="refunds"),
    path("refunds/<int:id>", outgoing.RefundItem.as_view(), name="refund"),
    path("refunds/<int:id>/cancel", outgoing.RefundCancel.as_view(), name="refund-cancel"),
    path("invoices/<int:id>/write-offs", outgoing.InvoiceWriteOffs.as_view(), name="invoice-write-offs"),
    path("write-offs/<int:id>/take-back", outgoing.WriteOffTakeBack.as_view(), name="write-off-take-back"),
    path("customers/<int:id>/statement", reports.CustomerStatement.as_view(), name="customer-statement"),
    path("reports/aging", reports.AgingReport.as_view(), name="report-aging"),
    path("reports/dso", reports.DsoReport.as_view(), name="report-dso"),
    # after those that have an address of their own
    path("reports/<slug:slug>", ReportItem.as_view(), name="report"),
]
